import { describe, expect, test } from "bun:test";
import { InvalidParameterError } from "./errors.ts";
import { parseDurationMs, parseMoment } from "./moment.ts";

const now = new Date("2026-11-23T12:00:00Z");

describe("parseMoment", () => {
  const cases: readonly [string, number][] = [
    ["10m", now.getTime() - 600_000],
    ["1h30m", now.getTime() - 5_400_000],
    ["-1s", now.getTime() + 1000],
    ["0", 0],
    ["1136073600", 1_136_073_600_000],
    ["1136073600.5", 1_136_073_600_500],
    ["2026-11-23T11:00:00Z", now.getTime() - 3_600_000],
    ["2026-11-23T11:00:00.25Z", now.getTime() - 3_600_000 + 250],
    ["2026-11-23T13:00:00+02:00", now.getTime() - 3_600_000],
    ["2026-11-23T11:00Z", now.getTime() - 3_600_000],
    ["2026-11-23T11Z", now.getTime() - 3_600_000],
    ["2026-11-23Z", now.getTime() - 43_200_000],
    ["2026-11-23", new Date(2026, 10, 23).getTime()],
    ["2026-11-23T11:30", new Date(2026, 10, 23, 11, 30).getTime()],
  ];
  for (const [text, expected] of cases)
    test(`${text} is ${new Date(expected).toISOString()}`, () =>
      expect(parseMoment(text, now)).toBe(expected));

  for (const bad of ["", "yesterday", "2026-13-01", "2026-11-23 11:00", "10x", "m"])
    test(`${JSON.stringify(bad)} is refused`, () =>
      expect(() => parseMoment(bad, now)).toThrow(InvalidParameterError));
});

describe("parseDurationMs", () => {
  const cases: readonly [string, number | undefined][] = [
    ["0", 0],
    ["1.5h", 5_400_000],
    [".5s", 500],
    ["1m0.5s", 60_500],
    ["100us", 0.1],
    ["1", undefined],
    ["1d", undefined],
    ["", undefined],
    ["+-1s", undefined],
  ];
  for (const [text, expected] of cases)
    test(`${JSON.stringify(text)} is ${expected}`, () =>
      expect(parseDurationMs(text)).toBe(expected as number));
});
