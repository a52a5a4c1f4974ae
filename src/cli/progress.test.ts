import { expect, test } from "bun:test";
import { progressBar, Speeds } from "./progress.ts";

const at = (current: number, status = "Downloading") => ({
  id: "0123456789ab",
  status,
  progressDetail: { current, total: 100e6 },
});

test.each([
  ["numbers only where it is narrow", 80, undefined, "    25MB/100MB"],
  ["with speed and time left", 80, 5e6, "    25MB/100MB     5MB/s 15s"],
  ["minutes", 80, 0.5e6, "    25MB/100MB   500kB/s 2m30s"],
  ["hours", 80, 10e3, "    25MB/100MB    10kB/s 2h05m"],
  ["no speed that is none", 80, 0, "    25MB/100MB"],
  ["a bar where there is room", 120, undefined, `[${"=".repeat(10)}>${" ".repeat(30)}]     25MB/100MB`],
] as const)("progressBar: %s", (_, columns, speed, expected) => {
  expect(progressBar(at(25e6), columns, speed)).toBe(expected);
});

test("Speeds: over the last seconds, and not of what was there before", () => {
  const speeds = new Speeds();
  expect(speeds.of(at(50e6), 0)).toBeUndefined();
  expect(speeds.of(at(51e6), 100)).toBeUndefined();
  expect(speeds.of(at(60e6), 1000)).toBe(10e6);
  expect(speeds.of(at(60e6, "Extracting"), 1100)).toBeUndefined();
  for (let second = 2; second <= 20; second += 1) speeds.of(at(60e6 + second * 1e6, "Slow"), second * 1000);
  expect(speeds.of(at(81e6, "Slow"), 21_000)).toBe(1e6);
});
