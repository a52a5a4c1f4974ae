import { describe, expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import { filtersOf, flagOf, integerOf, terminalSize, timestampOf } from "./query.ts";

const query = (text: string): URLSearchParams => new URLSearchParams(text);

describe("flagOf", () => {
  test("reads Docker's words for false in any case, and everything else as true", () => {
    for (const word of ["", "0", "no", "false", "none", "False", "NONE", " no "])
      expect(flagOf(query(`all=${word}`), "all", true)).toBe(false);
    for (const word of ["1", "true", "True", "yes", "on", "2", "x"])
      expect(flagOf(query(`all=${word}`), "all")).toBe(true);
  });

  test("takes the given default only where the key is missing", () => {
    expect(flagOf(query(""), "stream", true)).toBe(true);
    expect(flagOf(query("stream"), "stream", true)).toBe(false);
  });
});

describe("integerOf", () => {
  test("reads whole numbers and knows absence", () => {
    expect(integerOf(query("t=10"), "t")).toBe(10);
    expect(integerOf(query("t=-1"), "t")).toBe(-1);
    expect(integerOf(query("t="), "t")).toBeUndefined();
    expect(integerOf(query(""), "t")).toBeUndefined();
  });
  for (const bad of ["ten", "1.5", "0x10", "1e3", " 1", "99999999999999999999"])
    test(`refuses ${bad}`, () =>
      expect(() => integerOf(query(`t=${bad}`), "t")).toThrow(InvalidParameterError));
});

describe("terminalSize", () => {
  test("takes what fits 32 bits", () => expect(terminalSize(query("h=24"), "h", "height")).toBe(24));
  test("says what is wrong in Docker's words", () => {
    expect(() => terminalSize(query(""), "h", "height")).toThrow(`invalid resize height "": invalid syntax`);
    expect(() => terminalSize(query("w=-1"), "w", "width")).toThrow(
      `invalid resize width "-1": value out of range`,
    );
    expect(() => terminalSize(query("w=4294967296"), "w", "width")).toThrow("value out of range");
  });
});

describe("timestampOf", () => {
  const cases: readonly [string, number, number][] = [
    ["12", 12, 0],
    ["12.", 12, 0],
    ["12.5", 12, 500_000_000],
    ["12.000000001", 12, 1],
    ["1763933000.1234567899", 1_763_933_000, 123_456_789],
  ];
  for (const [text, seconds, nanoseconds] of cases)
    test(`reads ${text} to the nanosecond`, () =>
      expect(timestampOf(query(`since=${text}`), "since")).toEqual({ seconds, nanoseconds }));
  test("knows absence", () => {
    expect(timestampOf(query("since="), "since")).toBeUndefined();
    expect(timestampOf(query(""), "since")).toBeUndefined();
  });
  const refused: readonly [string, string][] = [
    ["yesterday", 'invalid seconds "yesterday": invalid syntax'],
    ["10m", 'invalid seconds "10m": invalid syntax'],
    ["2026-01-01", 'invalid seconds "2026-01-01": invalid syntax'],
    ["99999999999999999999", 'invalid seconds "99999999999999999999": value out of range'],
    ["1.x", "invalid nanoseconds: invalid character 'x' at position 0"],
    ["1.-5", "invalid nanoseconds: invalid character '-' at position 0"],
    [`1.${"0".repeat(21)}`, "invalid nanoseconds: length 21 exceeds maximum 20"],
  ];
  for (const [bad, why] of refused)
    test(`refuses ${bad}`, () =>
      expect(() => timestampOf(query(`since=${bad}`), "since")).toThrow(
        new InvalidParameterError(`invalid value for "since": invalid timestamp "${bad}": ${why}`),
      ));
});

describe("filtersOf", () => {
  const of = (value: unknown): Map<string, readonly string[]> =>
    new Map(filtersOf(query(`filters=${encodeURIComponent(JSON.stringify(value))}`)));

  test("reads the map of lists and the old map of maps alike", () => {
    const expected = new Map([
      ["status", ["exited", "paused"]],
      ["label", ["a=b"]],
    ]);
    expect(of({ status: ["exited", "paused"], label: ["a=b"] })).toEqual(expected);
    expect(of({ status: { exited: true, paused: false }, label: { "a=b": true } })).toEqual(expected);
  });
  test("keys without values stay, so that unknown ones are refused", () => {
    expect(of({ status: [], name: null })).toEqual(
      new Map([
        ["status", []],
        ["name", []],
      ]),
    );
    expect(of({ status: {}, name: null })).toEqual(
      new Map([
        ["status", []],
        ["name", []],
      ]),
    );
    expect(filtersOf(query("")).size).toBe(0);
    expect(of(null)).toEqual(new Map());
  });
  for (const bad of [
    '"x"',
    "[]",
    '{"a":["x"],"b":{"y":true}}',
    '{"a":"b"}',
    '{"a":[1]}',
    '{"a":{"b":"c"}}',
    "{",
    "1",
  ])
    test(`refuses ${bad}`, () =>
      expect(() => filtersOf(query(`filters=${encodeURIComponent(bad)}`))).toThrow("invalid filter"));
});
