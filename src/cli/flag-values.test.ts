import { describe, expect, test } from "bun:test";
import {
  BadValueError,
  parseBool,
  parseBytes,
  parseCpus,
  parseDuration,
  parseFilter,
  parseInteger,
  parseUnsigned,
} from "./flag-values.ts";

type Reader = (text: string) => unknown;

const good: [string, Reader, string, unknown][] = [
  ["bool", parseBool, "T", true],
  ["bool", parseBool, "False", false],
  ["integer", parseInteger, "-12", -12],
  ["integer", parseInteger, "0x1f", 31],
  ["integer", parseInteger, "017", 15],
  ["integer", parseInteger, "1_000", 1000],
  ["bytes", parseBytes, "512", 512],
  ["bytes", parseBytes, "10b", 10],
  ["bytes", parseBytes, "1kb", 1024],
  ["bytes", parseBytes, "1KiB", 1024],
  ["bytes", parseBytes, "1.5g", 1.5 * 2 ** 30],
  ["bytes", parseBytes, "64 m", 64 * 2 ** 20],
  ["cpus", parseCpus, "1.5", 1_500_000_000],
  ["cpus", parseCpus, ".5", 500_000_000],
  ["cpus", parseCpus, "1/2", 500_000_000],
  ["duration", parseDuration, "0", 0],
  ["duration", parseDuration, "1m30s", 90e9],
  ["duration", parseDuration, "1.5h", 5400e9],
  ["duration", parseDuration, "-500ms", -500e6],
  ["duration", parseDuration, "3µs", 3000],
  ["filter", parseFilter, " Status = exited ", ["status", "exited"]],
  ["filter", parseFilter, "label=a=b", ["label", "a=b"]],
];

const bad: [string, Reader, string, string][] = [
  ["bool", parseBool, "maybe", 'strconv.ParseBool: parsing "maybe": invalid syntax'],
  ["integer", parseInteger, "x", 'strconv.ParseInt: parsing "x": invalid syntax'],
  ["integer", parseInteger, "", 'strconv.ParseInt: parsing "": invalid syntax'],
  [
    "integer",
    parseInteger,
    "99999999999999999999",
    'strconv.ParseInt: parsing "99999999999999999999": value out of range',
  ],
  [
    "unsigned",
    (text) => parseUnsigned(text, 16),
    "99999",
    'strconv.ParseUint: parsing "99999": value out of range',
  ],
  ["unsigned", (text) => parseUnsigned(text, 16), "-1", 'strconv.ParseUint: parsing "-1": invalid syntax'],
  ["bytes", parseBytes, "abc", "invalid size: 'abc'"],
  ["bytes", parseBytes, "-5", "invalid size: '-5'"],
  ["bytes", parseBytes, "5x", "invalid suffix: 'x'"],
  ["cpus", parseCpus, "x", "failed to parse x as a rational number"],
  ["cpus", parseCpus, "0.0000000001", "value is too precise"],
  ["duration", parseDuration, "x", 'time: invalid duration "x"'],
  ["duration", parseDuration, "5", 'time: missing unit in duration "5"'],
  ["duration", parseDuration, "1x", 'time: unknown unit "x" in duration "1x"'],
  ["filter", parseFilter, "foo", "bad format of filter (expected name=value)"],
];

describe("reading a value", () => {
  test.each(good)("%s: %p %j", (_kind, read, text, value) => {
    expect(read(text)).toEqual(value);
  });
});

describe("refusing a value in Go's words", () => {
  test.each(bad)("%s: %p %j", (_kind, read, text, reason) => {
    expect(() => read(text)).toThrow(new BadValueError(reason));
  });
});
