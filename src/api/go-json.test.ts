import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { InvalidParameterError } from "../base/errors.ts";
import { GoNumber, GoObject, parseGoJson } from "./go-json.ts";
import type { GoValue } from "./go-json.ts";

/** What JSON.parse would give. */
function plain(value: GoValue): unknown {
  if (value instanceof GoNumber) return Number(value.source);
  if (value instanceof GoObject) return Object.fromEntries(value.entries.map(([k, v]) => [k, plain(v)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

describe("parseGoJson", () => {
  const texts = [
    "null",
    " true ",
    "[]",
    "[ ]",
    "{}",
    '{ "a" : [ 1 , -2.5e+3, 0 , {"b":null} ] }\r\n',
    '"\\u00e9\\"\\\\\\/\\b\\f\\n\\r\\t \u{1f6a2}"',
    "-0",
    "[[[[]]]]",
  ];
  test.each(texts)("%p is what JSON.parse makes of it", (text) => {
    expect(plain(parseGoJson(text))).toEqual(JSON.parse(text));
  });

  test("numbers keep their text, keys that come twice are both there", () => {
    expect(parseGoJson('{"a":1.0,"a":9223372036854775807}')).toEqual(
      new GoObject([
        ["a", new GoNumber("1.0")],
        ["a", new GoNumber("9223372036854775807")],
      ]),
    );
  });

  test("half a surrogate pair becomes the replacement character", () => {
    expect(parseGoJson('"a\\ud800b"')).toBe("a\ufffdb");
  });

  const refused: readonly [string, string][] = [
    ["", "got EOF while reading request body"],
    [" \n", "got EOF while reading request body"],
    ["{", "unexpected EOF"],
    ['{"a":', "unexpected EOF"],
    ['{"a', "unexpected EOF"],
    ["nul", "unexpected EOF"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ["[1,]", "invalid character ']' looking for beginning of value"],
    ["[1 2]", "invalid character '2' after array element"],
    ['{"a" "b"}', "invalid character '\"' after object key"],
    ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
    ['{"a":01}', "invalid character '1' after object key:value pair"],
    ["{a:1}", "invalid character 'a' looking for beginning of object key string"],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\u0001"', "invalid character '\\x01' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['{"a":nul}', "invalid character '}' in literal null (expecting 'l')"],
    ["+1", "invalid character '+' looking for beginning of value"],
    ["-x", "invalid character 'x' in numeric literal"],
    ["[1.]", "invalid character ']' after decimal point in numeric literal"],
    ["[1e]", "invalid character ']' in exponent of numeric literal"],
  ];
  test.each(refused)("%p is refused", (text, problem) => {
    expect(() => parseGoJson(text)).toThrow(new InvalidParameterError(`invalid JSON: ${problem}`));
  });

  test.each(["{} {}", "1 x", "01", "{}}"])("%p: one value is enough", (text) => {
    expect(() => parseGoJson(text)).toThrow(new InvalidParameterError("unexpected content after JSON"));
  });

  test("nesting without end is refused", () => {
    expect(() => parseGoJson("[".repeat(1_000_000))).toThrow("exceeded max depth");
    expect(() => parseGoJson('{"a":'.repeat(1_000_000))).toThrow("exceeded max depth");
    expect(() => parseGoJson("[".repeat(10_001))).toThrow("exceeded max depth");
    expect(Array.isArray(parseGoJson("[".repeat(10_000) + "1" + "]".repeat(10_000)))).toBe(true);
  });

  test("nesting takes no stack", () => {
    const text = "[".repeat(9999) + '{"a":1}' + "]".repeat(9999);
    const program = `import { parseGoJson } from ${JSON.stringify(join(import.meta.dir, "go-json.ts"))};
      console.log(Array.isArray(parseGoJson(await Bun.stdin.text())));`;
    const { stdout, stderr } = Bun.spawnSync([process.execPath, "-e", program], {
      stdin: Buffer.from(text),
      env: { ...process.env, BUN_JSC_maxPerThreadStackUsage: "1000000" },
    });
    expect(stderr.toString()).toBe("");
    expect(stdout.toString()).toBe("true\n");
  });
});
