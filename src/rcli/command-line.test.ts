import { expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import { longestLineBytes, parseCommandLine, readCommandLine } from "./command-line.ts";

/** Gives the pieces one after the other, then the end; without it, it never ends. */
function source(pieces: readonly string[], ends = true) {
  const left = pieces.map((text) => Buffer.from(text));
  const put: string[] = [];
  return {
    put,
    read: () => {
      const next = left.shift();
      if (next) return Promise.resolve([next]);
      return ends ? Promise.resolve(undefined) : new Promise<undefined>(() => {});
    },
    unread: (bytes: Uint8Array) => void put.push(Buffer.from(bytes).toString()),
  };
}

test("readCommandLine: up to the first newline, the rest is input", async () => {
  const pieces = source(['["ru', 'n","-i"]\nfirst\nsec', "ond"]);
  expect(await readCommandLine(pieces)).toBe('["run","-i"]');
  expect(pieces.put).toEqual(["first\nsec"]);
});

test("readCommandLine: the end of the sender ends the line as well", async () => {
  expect(await readCommandLine(source(['["ps"]']))).toBe('["ps"]');
  expect(await readCommandLine(source([]))).toBe("");
});

test.each(["GET / HTTP/1.1\r\n", "\u0016\u0003\u0001", "{", "null"])(
  "readCommandLine: %j is refused at its first byte",
  (text) => expect(readCommandLine(source([text], false))).rejects.toThrow(InvalidParameterError),
);

test("readCommandLine: has a longest line", async () => {
  const long = `["${"x".repeat(longestLineBytes)}`;
  expect(readCommandLine(source([long], false))).rejects.toThrow("longer than");
  expect(readCommandLine(source([`${long}"]\n`]))).rejects.toThrow("longer than");
});

test.each(["", "[", '["a"', "[1]", '["a",null]', '"ps"', "{}", '["a\\u0000b"]'])(
  "parseCommandLine: %j is no command",
  (text) => expect(() => parseCommandLine(text)).toThrow(InvalidParameterError),
);

test("parseCommandLine: an array of strings, an empty one too", () => {
  expect(parseCommandLine(' ["ps", "-a"]\r')).toEqual(["ps", "-a"]);
  expect(parseCommandLine("[]")).toEqual([]);
});
