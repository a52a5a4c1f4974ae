import { describe, expect, test } from "bun:test";
import { parseTimestamp } from "./timestamp.ts";

const nowMs = 1_000_000_000_000;

describe("parseTimestamp", () => {
  test.each([
    ["1357132980", "1357132980"],
    ["1357132980.25", "1357132980.25"],
    ["10m", "999999400"],
    ["1h30m", "999994600"],
    ["0s", "1000000000"],
    ["2013-01-02T13:23:37Z", "1357133017.000000000"],
    ["2013-01-02T13:23:37.5Z", "1357133017.500000000"],
    ["2013-01-02T13:23:37+02:00", "1357125817.000000000"],
    ["2013-01-02T13:23Z", "1357132980.000000000"],
    ["2013-01-02Z", "1357084800.000000000"],
  ])("%s", (text, expected) => expect(parseTimestamp(text, nowMs)).toBe(expected));

  test("a time ago is cut to its second", () => {
    expect(parseTimestamp("0s", nowMs + 999)).toBe("1000000000");
    expect(parseTimestamp("500ms", nowMs)).toBe("999999999");
  });

  test.each(["foo", "2013-13-45", "yesterday", ""])("refuses %j", (text) => {
    expect(() => parseTimestamp(text, nowMs)).toThrow(
      `failed to parse value as time or duration: ${JSON.stringify(text)}`,
    );
  });
});
