import { describe, expect, test } from "bun:test";
import type { Flag } from "./command.ts";
import { FlagError } from "./failure.ts";
import { parseFlags } from "./flag-parser.ts";
import { flagsOf } from "./flags.ts";
import type { FlagValue } from "./flags.ts";

const table: readonly Flag[] = [
  { name: "interactive", short: "i", type: "bool", help: "" },
  { name: "tty", short: "t", type: "bool", help: "" },
  { name: "rm", type: "bool", help: "" },
  { name: "publish", short: "p", type: "list", help: "" },
  { name: "name", type: "string", help: "" },
  { name: "memory", short: "m", type: "bytes", help: "" },
  { name: "last", short: "n", type: "int", default: "-1", help: "" },
  { name: "sysctl", type: "map", help: "" },
  { name: "platform", type: "strings", help: "" },
  { name: "filter", short: "f", type: "filter", help: "" },
  { name: "timeout", type: "int", help: "" },
  {
    name: "time",
    type: "int",
    aliasOf: "timeout",
    deprecated: "use --timeout instead",
    help: "",
    hidden: true,
  },
];

const values = (line: string, stop = true) =>
  Object.fromEntries(parseFlags(table, line.split(" "), stop).values);

describe("flags are read as pflag reads them", () => {
  const rows: [string, Record<string, FlagValue>][] = [
    ["-it", { interactive: true, tty: true }],
    ["-it=false", { interactive: true, tty: false }],
    ["--rm", { rm: true }],
    ["--rm=false", { rm: false }],
    ["--rm=0", { rm: false }],
    ["-p80:80", { publish: ["80:80"] }],
    ["-p=80:80", { publish: ["80:80"] }],
    ["-p 80:80 --publish 81 --publish=82", { publish: ["80:80", "81", "82"] }],
    ["-itp 80", { interactive: true, tty: true, publish: ["80"] }],
    ["-itp80", { interactive: true, tty: true, publish: ["80"] }],
    ["--name x", { name: "x" }],
    ["--name=", { name: "" }],
    ["--name --rm", { name: "--rm" }],
    ["--name=a=b", { name: "a=b" }],
    ["--name a --name b", { name: "b" }],
    ["-m 1k", { memory: 1024 }],
    ["--platform a,b --platform c", { platform: ["a", "b", "c"] }],
    ["--time 3", { timeout: 3 }],
    ["-n -1", { last: -1 }],
  ];
  test.each(rows)("%s", (line, expected) => {
    expect(values(line)).toEqual(expected);
  });
});

describe("operands", () => {
  const operandsOf = (line: string, stop: boolean) => parseFlags(table, line.split(" "), stop).operands;

  test("everything from the first one on belongs to the command inside", () => {
    expect(operandsOf("--rm busybox ls -la --rm", true)).toEqual(["busybox", "ls", "-la", "--rm"]);
  });
  test("flags may stand between them where the command does not stop", () => {
    expect(operandsOf("a --rm b", false)).toEqual(["a", "b"]);
  });
  test('"--" ends the flags', () => expect(operandsOf("--rm -- --name -x", false)).toEqual(["--name", "-x"]));
  test('"--" behind the first operand is an operand', () =>
    expect(operandsOf("a -- b", true)).toEqual(["a", "--", "b"]));
  test('a single "-" is an operand', () => expect(operandsOf("- x", false)).toEqual(["-", "x"]));
  test("a switch never takes the next word", () => expect(operandsOf("--rm false", true)).toEqual(["false"]));
});

describe("mistakes are told in pflag's words", () => {
  test.each([
    ["--bogus", "unknown flag: --bogus"],
    ["--bogus=1", "unknown flag: --bogus"],
    ["-x", "unknown shorthand flag: 'x' in -x"],
    ["-ixt", "unknown shorthand flag: 'x' in -xt"],
    ["-=x", "unknown shorthand flag: '=' in -=x"],
    ["--name", "flag needs an argument: --name"],
    ["-p", "flag needs an argument: 'p' in -p"],
    ["-ip", "flag needs an argument: 'p' in -p"],
    ["--=x", "bad flag syntax: --=x"],
    ["---x", "bad flag syntax: ---x"],
    [
      "--rm=maybe",
      'invalid argument "maybe" for "--rm" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    ["-it=x", 'invalid argument "x" for "-t, --tty" flag: strconv.ParseBool: parsing "x": invalid syntax'],
    ["-m abc", 'invalid argument "abc" for "-m, --memory" flag: invalid size: \'abc\''],
    [
      "--filter foo",
      'invalid argument "foo" for "-f, --filter" flag: bad format of filter (expected name=value)',
    ],
  ])("%s", (line, message) => {
    expect(() => parseFlags(table, line.split(" "), true)).toThrow(new FlagError(message));
  });

  test("a near miss is followed by what was probably meant", () => {
    expect(() => parseFlags(table, ["--nmae", "x"], true)).toThrow(
      "unknown flag: --nmae\nDid you mean --name?",
    );
  });
});

describe("--help and old spellings", () => {
  test("--help stops reading", () => expect(parseFlags(table, ["--help", "--bogus"], true).help).toBe(true));
  test("-h is help where it is no flag of the command, with a word about it", () => {
    const { help, warnings } = parseFlags(table, ["-h"], true);
    expect({ help, warnings }).toEqual({
      help: true,
      warnings: ["Flag shorthand -h has been deprecated, use --help"],
    });
  });
  test("an old spelling works and is told", () => {
    expect(parseFlags(table, ["--time=3"], true).warnings).toEqual([
      "Flag --time has been deprecated, use --timeout instead",
    ]);
  });
});

describe("a handler's view", () => {
  const flags = (line: string) => flagsOf(table, parseFlags(table, line.split(" "), true).values);

  test("what was not given has the table's default, or the zero of its type", () => {
    const view = flags("x");
    expect([
      view.number("last"),
      view.bool("rm"),
      view.text("name"),
      view.list("publish"),
      view.number("memory"),
    ]).toEqual([-1, false, "", [], 0]);
    expect(view.given("last")).toBe(false);
  });
  test("maps and filters", () => {
    const view = flags("--sysctl a=1 --sysctl b=x=y -f status=exited -f status=created -f Label=a=b");
    expect(view.map("sysctl")).toEqual({ a: "1", b: "x=y" });
    expect(view.filters("filter")).toEqual({ status: ["exited", "created"], label: ["a=b"] });
  });
  test("asking for a flag that is not in the table is found at once", () => {
    expect(() => flags("x").bool("bogus")).toThrow("this command has no flag --bogus");
  });
});
