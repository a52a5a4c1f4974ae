// `pause` and `unpause`: the cgroup freezer, by the runtime.
import { ConflictError, SystemError } from "../base/errors.ts";
import { transition } from "../containers/state.ts";
import type { ContainerRecord } from "../containers/record.ts";
import type { Command } from "../runtime/driver.ts";
import { driverOf, publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { hasEnded } from "./ended-meanwhile.ts";

export function pauseContainer(engine: Engine, ref: string): Promise<void> {
  const { id } = engine.containers.find(ref);
  return engine.locks.run(id, async () => {
    const record = engine.containers.find(id);
    if (record.state.status === "paused") throw new ConflictError(`Container ${ref} is already paused`);
    if (record.state.status !== "running") throw new ConflictError(`Container ${id} is not running`);
    // A probe that runs on would be frozen in its middle, and found to take too long.
    engine.healthChecks.unwatch(id);
    try {
      await runRuntime(engine, driverOf(engine, record).pause(id), `Cannot pause container ${id}`);
    } catch (err) {
      engine.healthChecks.watch(engine, id);
      throw await explained(engine, id, "running", err);
    }
    change(engine, record, "pause", "paused");
  });
}

export function unpauseContainer(engine: Engine, ref: string): Promise<void> {
  const { id } = engine.containers.find(ref);
  return engine.locks.run(id, async () => {
    const record = engine.containers.find(id);
    if (record.state.status !== "paused") throw new ConflictError(`Container ${id} is not paused`);
    try {
      await runRuntime(engine, driverOf(engine, record).resume(id), `Cannot unpause container ${id}`);
    } catch (err) {
      throw await explained(engine, id, "paused", err);
    }
    change(engine, record, "unpause", "resumed");
    engine.healthChecks.watch(engine, id);
  });
}

/** Runs a runtime's command to its end; SystemError with what it said when it fails. */
export async function runRuntime(engine: Engine, command: Command, what: string): Promise<void> {
  const { exitCode, stderr } = await engine.monitor.run(command);
  if (exitCode !== 0) throw new SystemError(`${what}: ${stderr.trim() || `runtime ended with ${exitCode}`}`);
}

/** A program that has ended meanwhile is why, whatever the runtime said. */
async function explained(engine: Engine, id: string, wanted: string, err: unknown): Promise<unknown> {
  return (await hasEnded(engine, id))
    ? new ConflictError(`Container ${id} is not ${wanted}`, { cause: err })
    : err;
}

function change(engine: Engine, record: ContainerRecord, action: string, type: "paused" | "resumed"): void {
  engine.containers.update(record.id, (now) => ({ ...now, state: transition(now.state, { type }) }));
  publishContainerEvent(engine, record, action);
}
