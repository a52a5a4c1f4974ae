// `start`: mounts, network, bundle, task; each step says how it is undone.
import { ConflictError, ProgramNotStartedError, errorText } from "../base/errors.ts";
import { crashPoint } from "../base/crash-point.ts";
import { Rollback } from "../base/rollback.ts";
import { startingHealth } from "../containers/health.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { isUp, transition } from "../containers/state.ts";
import { ensureBindSources } from "./bind-sources.ts";
import { writeBundle } from "./bundle.ts";
import { driverOf, publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { linkedFrom } from "./links.ts";
import { missingInterpreter } from "./missing-interpreter.ts";
import { writeHosts } from "./network-files.ts";
import { commitRemoval } from "./remove.ts";
import { requestNow } from "./requests.ts";
import type { Request } from "./requests.ts";
import { mountRootfs } from "./rootfs.ts";
import { holdVolumes } from "./volumes.ts";
import { claimPorts, enterNetwork } from "./sandbox.ts";
import { takeDown } from "./take-down.ts";
import { noteStart, type StartNotes } from "./start-notes.ts";
import { startTask } from "./task.ts";
import { publishTaken } from "./use-events.ts";
import { unmountSubpaths } from "./volume-subpaths.ts";
import { lastAnswer } from "./wait.ts";
import { leadToNames } from "./way-to-names.ts";

/**
 * `changed: false` when it runs already (Docker answers 304). Returns when the program has been started.
 *
 * @param request whose wish it is; none where it is a restart policy's.
 */
export function startContainer(
  engine: Engine,
  ref: string,
  request?: Request,
): Promise<{ changed: boolean }> {
  const { id } = engine.containers.find(ref);
  engine.cgroupLock.warmUp();
  return engine.locks.run(id, async () => {
    const record = engine.containers.find(id);
    switch (record.state.status) {
      case "paused":
        throw new ConflictError("cannot start a paused container, try unpause instead");
      case "running":
        return { changed: false };
      case "removing":
      case "dead":
        throw new ConflictError("container is marked for removal and cannot be started");
      case "restarting":
      case "created":
      case "exited":
        engine.restarts.forget(id);
        await bringUp(engine, {
          ...record,
          stoppedByUser: false,
          restartCount: 0,
          ...(request && { lastRequest: requestNow(engine, request) }),
        });
        return { changed: true };
    }
  });
}

/** A start by the restart policy: counted, and refused in silence once a user stopped or removed the container. */
export function startAgain(engine: Engine, id: string): Promise<void> {
  return engine.locks.run(id, async () => {
    const record = engine.containers.get(id);
    if (record?.state.status !== "restarting") return;
    await bringUp(engine, { ...record, restartCount: record.restartCount + 1 });
  });
}

/** `record` is what the container's record becomes with the start, but for its state. Needs the container's lock. */
async function bringUp(engine: Engine, record: ContainerRecord): Promise<void> {
  const { id } = record;
  engine.takeDowns.starts(id);
  try {
    await using rollback = new Rollback((what, err) =>
      engine.host.log.error("undo failed", { what, container: id, error: errorText(err) }),
    );
    // One step back for all: taking down is safe whatever has been set up.
    rollback.onFailure("take down", async () => {
      await engine.standby.release(id); // it waits in the folder that goes now
      await takeDown(engine, record);
    });
    ensureBindSources(record);
    await holdVolumes(engine, record, id);
    mountRootfs(engine, record);
    const sandbox = enterNetwork(engine, record);
    await leadToNames(engine, id, sandbox.attachments);
    const published = await claimPorts(engine, record, sandbox);
    // The firewall's program runs beside the runtime.
    const portsOpen = engine.published.open(id);
    portsOpen.catch(() => {}); // awaited below; an earlier failure must not leave it unobserved
    const spec = await writeBundle(engine, record, sandbox);
    engine.cgroupLock.warmUp(); // what came since the request may have kept this thread from it
    const network = { attachments: sandbox.attachments, published };
    noteStart(engine, id, network);
    const process = await startTask(engine, record).catch((err: unknown) => {
      throw withInterpreter(engine, record, err);
    });
    crashPoint("program started");
    unmountSubpaths(engine.config.execRoot, id); // the container has them now
    await portsOpen;
    engine.filters.learn(driverOf(engine, record), spec, id);
    recordStart(engine, record, process, network);
    rollback.commit();
  } catch (err) {
    recordFailure(engine, record, err);
    throw err;
  }
}

/** While the root file system is mounted: a program that "is not there" may lack its interpreter only. */
function withInterpreter(engine: Engine, record: ContainerRecord, err: unknown): unknown {
  if (!(err instanceof ProgramNotStartedError) || err.exitCode !== 127) return err;
  const interpreter = missingInterpreter(engine, record);
  if (interpreter === undefined) return err;
  return new ProgramNotStartedError(err.message, err.exitCode, { cause: err, interpreter });
}

function recordStart(
  engine: Engine,
  record: ContainerRecord,
  process: { readonly pid: number; readonly startTime: string },
  network: StartNotes,
): void {
  const startedAt = engine.host.clock.now().toISOString();
  engine.containers.update(record.id, (now) => ({
    ...now,
    stoppedByUser: record.stoppedByUser,
    restartCount: record.restartCount,
    ...(record.lastRequest && { lastRequest: record.lastRequest }),
    ...network,
    ...startingHealth(now),
    state: transition(now.state, { type: "started", startedAt, ...process }),
  }));
  engine.healthChecks.watch(engine, record.id);
  publishTaken(engine, record, network.attachments);
  publishContainerEvent(engine, record, "start");
  for (const other of linkedFrom(engine, record)) writeHosts(engine, other, other.attachments);
}

/** The failure becomes part of the record, as Docker's State.Error; an auto-removed container goes at once. */
function recordFailure(engine: Engine, record: ContainerRecord, err: unknown): void {
  const { id } = record;
  const now = engine.containers.get(id);
  if (!now || isUp(now.state)) return;
  engine.monitor.abandon(id);
  const { exitCode, interpreter } =
    err instanceof ProgramNotStartedError ? err : { exitCode: 128, interpreter: undefined };
  const failed = engine.containers.update(id, (current) => ({
    ...current,
    state: transition(current.state, {
      type: "start-failed",
      error: { message: errorText(err), exitCode, ...(interpreter && { interpreter }) },
      at: engine.host.clock.now().toISOString(),
    }),
  }));
  engine.host.log.info("container not started", { container: id, error: errorText(err) });
  engine.waiters.exited(id, lastAnswer(failed.state), true);
  if (record.hostConfig.AutoRemove)
    engine.background.run(`clean-up of ${id}`, commitRemoval(engine, failed, true));
}
