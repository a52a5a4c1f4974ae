import { describe, expect, test } from "bun:test";
import type { ContainerConfig, Health, HealthcheckResult } from "../spec/docker.ts";
import { healthAfter, healthCheckOf, nextProbeMs, startingHealth, stoppedHealth } from "./health.ts";
import type { HealthCheck } from "./health.ts";

const startedAt = "2026-01-01T00:00:00Z";
const at = (seconds: number): Date => new Date(Date.parse(startedAt) + seconds * 1000);
const result = (ExitCode: number, seconds = 0): HealthcheckResult => ({
  Start: at(seconds).toISOString(),
  End: at(seconds).toISOString(),
  ExitCode,
  Output: "",
});
const check: HealthCheck = {
  command: ["true"],
  intervalNs: 30e9,
  timeoutNs: 30e9,
  startPeriodNs: 0,
  startIntervalNs: 5e9,
  retries: 3,
};

const starting: Health = { Status: "starting", FailingStreak: 0, Log: [] };

describe("healthCheckOf", () => {
  test("a command is run as it is, a text by the shell of the configuration", () => {
    expect(healthCheckOf({ Healthcheck: { Test: ["CMD", "a", "b"] } })?.command).toEqual(["a", "b"]);
    expect(healthCheckOf({ Healthcheck: { Test: ["CMD-SHELL", "a b"] } })?.command).toEqual([
      "/bin/sh",
      "-c",
      "a b",
    ]);
    const Shell = ["/bin/ash", "-ec"];
    expect(healthCheckOf({ Healthcheck: { Test: ["CMD-SHELL", "a"] }, Shell })?.command).toEqual([
      "/bin/ash",
      "-ec",
      "a",
    ]);
  });

  test("Docker's defaults stand for what is 0 or not there", () => {
    const defaults = {
      intervalNs: 30e9,
      timeoutNs: 30e9,
      startPeriodNs: 0,
      startIntervalNs: 5e9,
      retries: 3,
    };
    expect(healthCheckOf({ Healthcheck: { Test: ["CMD", "a"] } })).toMatchObject(defaults);
    const zeros = { Interval: 0, Timeout: 0, StartPeriod: 0, StartInterval: 0, Retries: 0 };
    expect(healthCheckOf({ Healthcheck: { Test: ["CMD", "a"], ...zeros } })).toMatchObject(defaults);
  });

  test("who asks every second is not made to wait five for the first answer", () => {
    const Test = ["CMD", "a"];
    expect(healthCheckOf({ Healthcheck: { Test, Interval: 1e9 } })).toMatchObject({ startIntervalNs: 1e9 });
    const both = { Test, Interval: 1e9, StartInterval: 3e9 };
    expect(healthCheckOf({ Healthcheck: both })).toMatchObject({ startIntervalNs: 3e9 });
  });

  test.each([[undefined], [[]], [["NONE"]], [["CMD"]], [["OTHER", "a"]]])("%p is no check", (Test) => {
    expect(healthCheckOf(Test ? { Healthcheck: { Test } } : {})).toBeUndefined();
  });
});

describe("healthAfter", () => {
  const run = (codes: readonly number[], options: Partial<HealthCheck> = {}, secondsApart = 30): Health =>
    codes.reduce<Health>(
      (health, code, i) =>
        healthAfter({ ...check, ...options }, health, result(code, (i + 1) * secondsApart), startedAt),
      starting,
    );
  const table: [string, readonly number[], Partial<HealthCheck>, Health["Status"], number][] = [
    ["a first good probe", [0], {}, "healthy", 0],
    ["failures below the limit", [1, 1], {}, "starting", 2],
    ["failures at the limit", [1, 1, 1], {}, "unhealthy", 3],
    ["a probe that could not be run", [-1], { retries: 1 }, "unhealthy", 1],
    ["a good one after failures", [1, 1, 1, 0], {}, "healthy", 0],
    ["failures of a healthy one", [0, 1, 1], {}, "healthy", 2],
    ["failures in the start period", [1, 1, 1, 1], { startPeriodNs: 3600e9 }, "starting", 0],
    [
      "failures in the start period of one that was good",
      [0, 1, 1, 1],
      { startPeriodNs: 3600e9 },
      "unhealthy",
      3,
    ],
    ["failures after the start period", [1, 1, 1], { startPeriodNs: 45e9 }, "starting", 2],
  ];
  test.each(table)("%s", (_name, codes, options, Status, FailingStreak) => {
    expect(run(codes, options)).toMatchObject({ Status, FailingStreak });
  });

  test("the last five results are kept, oldest first", () => {
    expect(run([1, 2, 3, 4, 5, 6, 7]).Log.map(({ ExitCode }) => ExitCode)).toEqual([3, 4, 5, 6, 7]);
  });
});

test("startingHealth and stoppedHealth keep the log", () => {
  const health: Health = { Status: "healthy", FailingStreak: 2, Log: [result(0)] };
  const config = { Healthcheck: { Test: ["CMD", "a"] } } as unknown as ContainerConfig;
  expect(startingHealth({ config, health })).toEqual({ health: { ...starting, Log: [result(0)] } });
  expect(startingHealth({ config })).toEqual({ health: starting });
  expect(startingHealth({ config: {} as unknown as ContainerConfig })).toEqual({});
  expect(stoppedHealth(health)).toEqual({ ...health, Status: "unhealthy" });
});

test("nextProbeMs: the start interval counts until the first good probe or the end of the start period", () => {
  const slow = { ...check, startPeriodNs: 60e9 };
  expect(nextProbeMs(slow, starting, startedAt, at(10))).toBe(5000);
  expect(nextProbeMs(slow, starting, startedAt, at(60))).toBe(30_000);
  expect(nextProbeMs(slow, { ...starting, Status: "healthy" }, startedAt, at(10))).toBe(30_000);
  expect(nextProbeMs(check, starting, startedAt, at(0))).toBe(30_000);
});
