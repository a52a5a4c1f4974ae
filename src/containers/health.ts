// Health checks: when the next one is due and what its result means. Pure; engine/health-checks.ts runs them.
import type { ContainerConfig, Health, HealthcheckResult } from "../spec/docker.ts";
import type { ContainerRecord } from "./record.ts";

export type HealthCheck = {
  readonly command: readonly string[];
  readonly intervalNs: number;
  /** For a probe that runs, from its start on. */
  readonly timeoutNs: number;
  /** So long after the container's start failures do not count. */
  readonly startPeriodNs: number;
  /** Between probes within the start period, until the first that is good: 5 s, or the interval if that is shorter. */
  readonly startIntervalNs: number;
  /** So many failures in a row make a container unhealthy. */
  readonly retries: number;
};

const second = 1e9;
const logLength = 5;
const defaultShell = ["/bin/sh", "-c"];

/** What the configuration asks for, with Docker's defaults; undefined where it asks for no check. */
export function healthCheckOf(
  config: Pick<ContainerConfig, "Healthcheck" | "Shell">,
): HealthCheck | undefined {
  const { Healthcheck, Shell = [] } = config;
  const [kind, ...words] = Healthcheck?.Test ?? [];
  if (!Healthcheck || words.length === 0 || (kind !== "CMD" && kind !== "CMD-SHELL")) return undefined;
  const intervalNs = Healthcheck.Interval || 30 * second;
  const shell = Shell.length > 0 ? Shell : defaultShell;
  return {
    command: kind === "CMD" ? words : [...shell, ...words],
    intervalNs,
    timeoutNs: Healthcheck.Timeout || 30 * second,
    startPeriodNs: Healthcheck.StartPeriod ?? 0,
    startIntervalNs: Healthcheck.StartInterval || Math.min(5 * second, intervalNs),
    retries: Healthcheck.Retries || 3,
  };
}

/** Of a container that has just been started, if it has a check; what earlier runs showed stays readable. */
export function startingHealth({
  config,
  health,
}: Pick<ContainerRecord, "config" | "health">): Pick<ContainerRecord, "health"> {
  if (!healthCheckOf(config)) return {};
  return { health: { Status: "starting", FailingStreak: 0, Log: health?.Log ?? [] } };
}

/** Nobody looks at a container that does not run any more: Docker calls it unhealthy. */
export function stoppedHealth(before: Health): Health {
  return { ...before, Status: "unhealthy" };
}

/** From the start of the container, or the end of the last probe, to the next one. */
export function nextProbeMs(check: HealthCheck, health: Health, startedAt: string, now: Date): number {
  const isStarting = health.Status === "starting" && isInStartPeriod(check, startedAt, now.getTime());
  return (isStarting ? check.startIntervalNs : check.intervalNs) / 1e6;
}

export function healthAfter(
  check: HealthCheck,
  health: Health,
  result: HealthcheckResult,
  startedAt: string,
): Health {
  const Log = [...health.Log.slice(1 - logLength), result];
  if (result.ExitCode === 0) return { Status: "healthy", FailingStreak: 0, Log };
  const isForgiven =
    health.Status === "starting" && isInStartPeriod(check, startedAt, Date.parse(result.Start));
  if (isForgiven) return { ...health, Log };
  const FailingStreak = health.FailingStreak + 1;
  return { Status: FailingStreak >= check.retries ? "unhealthy" : health.Status, FailingStreak, Log };
}

function isInStartPeriod({ startPeriodNs }: HealthCheck, startedAt: string, ms: number): boolean {
  return ms - Date.parse(startedAt) < startPeriodNs / 1e6;
}
