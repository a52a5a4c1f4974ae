// `pause` and `unpause`: the cgroup freezer, by the runtime.
import { crashPoint } from "../base/crash-point.ts";
import { ConflictError, errorText, SystemError } from "../base/errors.ts";
import { transition } from "../containers/state.ts";
import type { ContainerEvent } from "../containers/state.ts";
import type { ContainerRecord } from "../containers/record.ts";
import type { Command } from "../runtime/driver.ts";
import { driverOf, publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { hasEnded } from "./ended-meanwhile.ts";

export function pauseContainer(engine: Engine, ref: string): Promise<void> {
  const { id } = engine.containers.find(ref);
  return engine.locks.run(id, async () => {
    const record = findRunning(engine, id, ref);
    await freeze(engine, record);
    change(engine, record, { type: "paused" });
    publishContainerEvent(engine, record, "pause");
  });
}

/** For a while: a daemon that finds the container so at its start resumes it (`resumeAfterCommit`). */
export async function pauseForCommit(engine: Engine, id: string): Promise<void> {
  try {
    await engine.locks.run(id, async () => {
      const record = findRunning(engine, id, id);
      change(engine, record, { type: "paused", by: "commit" });
      crashPoint("commit pauses");
      try {
        await freeze(engine, record);
      } catch (err) {
        change(engine, record, { type: "resumed" });
        throw err;
      }
      publishContainerEvent(engine, record, "pause");
    });
  } catch (err) {
    // Ended meanwhile, or paused by somebody else: it holds still by itself.
    if (!(err instanceof ConflictError)) throw err;
  }
}

/** Does nothing where it has ended, or where somebody else has resumed it. */
export async function resumeAfterCommit(engine: Engine, id: string): Promise<void> {
  const state = engine.containers.get(id)?.state;
  if (state?.status !== "paused" || state.by !== "commit") return;
  await unpauseContainer(engine, id).catch((err: unknown) =>
    engine.host.log.warn("container cannot be resumed after commit", {
      container: id,
      error: errorText(err),
    }),
  );
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
    change(engine, record, { type: "resumed" });
    publishContainerEvent(engine, record, "unpause");
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

function findRunning(engine: Engine, id: string, ref: string): ContainerRecord {
  const record = engine.containers.find(id);
  if (record.state.status === "paused") throw new ConflictError(`Container ${ref} is already paused`);
  if (record.state.status !== "running") throw new ConflictError(`Container ${id} is not running`);
  return record;
}

async function freeze(engine: Engine, record: ContainerRecord): Promise<void> {
  const { id } = record;
  // A probe that runs on would be frozen in its middle, and found to take too long.
  engine.healthChecks.unwatch(id);
  try {
    await runRuntime(engine, driverOf(engine, record).pause(id), `Cannot pause container ${id}`);
  } catch (err) {
    engine.healthChecks.watch(engine, id);
    throw await explained(engine, id, "running", err);
  }
}

function change(engine: Engine, { id }: ContainerRecord, event: ContainerEvent): void {
  engine.containers.update(id, (now) => ({ ...now, state: transition(now.state, event) }));
}
