// Whether an ended container is started again, and how long to wait before: pure.
import type { RestartPolicy } from "../spec/docker.ts";

export type EndedRun = {
  readonly exitCode: number;
  /** Restarts by the policy since the last start by a user. */
  readonly restartCount: number;
  /** The end was asked for (stop, kill). */
  readonly stoppedByUser: boolean;
};

/** Docker's rules: a container that its user stopped stays down under every policy until the daemon starts anew. */
export function wantsRestart(policy: RestartPolicy, run: EndedRun): boolean {
  if (run.stoppedByUser) return false;
  switch (policy.Name) {
    case "":
    case "no":
      return false;
    case "always":
    case "unless-stopped":
      return true;
    case "on-failure":
      return (
        run.exitCode !== 0 && (policy.MaximumRetryCount === 0 || run.restartCount < policy.MaximumRetryCount)
      );
  }
}

/** What a daemon that has just started does with a container that is not running: a reboot or a lost daemon is no wish of the user. */
export function wantsStartWithDaemon(policy: RestartPolicy, stoppedByUser: boolean, wasUp: boolean): boolean {
  if (policy.Name === "always") return true;
  if (policy.Name === "unless-stopped") return !stoppedByUser;
  return policy.Name === "on-failure" && wasUp && !stoppedByUser;
}

const firstDelayMs = 100;
const longestDelayMs = 60_000;
/** A run of this length counts as good: the next wait starts from the first delay again. */
const goodRunMs = 10_000;

/** The wait before the next start: 100 ms, doubled at each quick end, at most a minute (as dockerd's restart manager). */
export function nextDelayMs(previousDelayMs: number, ranMs: number): number {
  if (previousDelayMs === 0 || ranMs >= goodRunMs) return firstDelayMs;
  return Math.min(previousDelayMs * 2, longestDelayMs);
}
