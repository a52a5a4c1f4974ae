// Runs the health checks of containers that are up, one probe at a time for each.
import { errorText } from "../base/errors.ts";
import { healthAfter, healthCheckOf, nextProbeMs, startingHealth } from "../containers/health.ts";
import type { HealthCheck } from "../containers/health.ts";
import type { ContainerRecord } from "../containers/record.ts";
import type { HealthcheckResult } from "../spec/docker.ts";
import { publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { runProbe } from "./probe.ts";

/** Longest delay that a timer takes. */
const longestTimerMs = 2 ** 31 - 1;

/** INVARIANT: a container with a health check is watched here exactly while its state is `running`. */
export class HealthChecks {
  readonly #watched = new Map<string, AbortController>();

  /** The first probe comes after the interval. Does nothing for a container without a check. */
  watch(engine: Engine, id: string): void {
    this.unwatch(id);
    const record = engine.containers.get(id);
    const check = record && healthCheckOf(record.config);
    if (!check) return;
    // Started by a build that ran no checks.
    if (!record.health) engine.containers.updateInMemory(id, (now) => ({ ...now, ...startingHealth(now) }));
    const stop = new AbortController();
    this.#watched.set(id, stop);
    this.#run(engine, id, check, stop.signal).catch((err: unknown) => {
      if (!stop.signal.aborted)
        engine.host.log.error("health check ended", { container: id, error: errorText(err) });
    });
  }

  /** A probe that is under way is ended, and its result is not heeded. */
  unwatch(id: string): void {
    this.#watched.get(id)?.abort();
    this.#watched.delete(id);
  }

  unwatchAll(): void {
    for (const id of this.#watched.keys()) this.unwatch(id);
  }

  async #run(engine: Engine, id: string, check: HealthCheck, signal: AbortSignal): Promise<void> {
    const { clock } = engine.host;
    for (;;) {
      const { health, state } = engine.containers.find(id);
      if (!health || state.status !== "running") return;
      const delayMs = nextProbeMs(check, health, state.startedAt, clock.now());
      await clock.sleep(Math.min(delayMs, longestTimerMs), signal);
      const result = await runProbe(engine, id, check, signal);
      if (signal.aborted) return;
      take(engine, id, check, result);
    }
  }
}

/** Only a change of the status is worth a write: a probe every second must not wear out a disk. */
function take(engine: Engine, id: string, check: HealthCheck, result: HealthcheckResult): void {
  const record = engine.containers.find(id);
  const { health: before, state } = record;
  if (!before || state.status !== "running") return;
  const health = healthAfter(check, before, result, state.startedAt);
  const change = (now: ContainerRecord): ContainerRecord => ({ ...now, health });
  if (health.Status === before.Status) {
    engine.containers.updateInMemory(id, change);
    return;
  }
  engine.containers.update(id, change);
  publishContainerEvent(engine, record, `health_status: ${health.Status}`);
}
