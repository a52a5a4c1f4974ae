import { expect, test } from "bun:test";
import { nextDelayMs, wantsRestart, wantsStartWithDaemon } from "./restart-policy.ts";

const policy = (Name: "" | "no" | "always" | "on-failure" | "unless-stopped", MaximumRetryCount = 0) => ({
  Name,
  MaximumRetryCount,
});
const run = (exitCode: number, restartCount = 0, stoppedByUser = false) => ({
  exitCode,
  restartCount,
  stoppedByUser,
});

test.each([
  ["no", 0, run(1), false],
  ["", 0, run(1), false],
  ["always", 0, run(0), true],
  ["always", 0, run(0, 0, true), false],
  ["unless-stopped", 0, run(0), true],
  ["unless-stopped", 0, run(1, 0, true), false],
  ["on-failure", 0, run(0), false],
  ["on-failure", 0, run(3, 99), true],
  ["on-failure", 2, run(3, 1), true],
  ["on-failure", 2, run(3, 2), false],
] as const)("wantsRestart: %s with at most %d after %o -> %p", (name, most, ended, expected) => {
  expect(wantsRestart(policy(name, most), ended)).toBe(expected);
});

test.each([
  ["no", false, true, false],
  ["always", true, false, true],
  ["unless-stopped", false, false, true],
  ["unless-stopped", true, false, false],
  ["on-failure", false, true, true],
  ["on-failure", false, false, false],
] as const)(
  "wantsStartWithDaemon: %s, stopped by user %p, was up %p -> %p",
  (name, stopped, up, expected) => {
    expect(wantsStartWithDaemon(policy(name), stopped, up)).toBe(expected);
  },
);

test("nextDelayMs: doubles from 100 ms to a minute and starts again after a good run", () => {
  let delay = 0;
  const delays = Array.from({ length: 12 }, () => (delay = nextDelayMs(delay, 0)));
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000]);
  expect(nextDelayMs(60_000, 10_000)).toBe(100);
});
