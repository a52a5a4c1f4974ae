// `kill`: a signal for the container's first process.
import { ConflictError, DeadlineError, NotFoundError } from "../base/errors.ts";
import { isUp } from "../containers/state.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { signalNumber } from "../containers/signals.ts";
import { driverOf, publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { noteRequest } from "./requests.ts";
import { cancelRestart } from "./restarts.ts";

/** How long the kernel gets to end a process that was sent SIGKILL; longer means that it hangs in a device or file system. */
const killTimeoutMs = 10_000;

/**
 * Sends `signal` (a name or a number; SIGKILL when empty). Returns after SIGKILL only when the container has ended.
 * `by`: the client as it names itself. ConflictError when it does not run; InvalidParameterError for an unknown signal.
 */
export async function killContainer(engine: Engine, ref: string, signal: string, by = ""): Promise<void> {
  const number = signal === "" ? sigkill : signalNumber(signal);
  const record = await settled(engine, ref);
  const request = { action: "kill", signal: number, by } as const;
  if (cancelRestart(engine, record)) {
    noteRequest(engine, record.id, request);
    return;
  }
  if (!isUp(record.state))
    throw new ConflictError(`cannot kill container: ${ref}: container ${record.id} is not running`);
  if (number === sigkill || number === stopSignalOf(record)) markStoppedByUser(engine, record.id);
  noteRequest(engine, record.id, request);
  publishContainerEvent(engine, record, "kill", { signal: String(number) });
  if (number === sigkill) await killNow(engine, record);
  else await sendSignal(engine, record.id, number);
}

export const sigkill = 9;

/** SIGKILL, and a wait for the end. A paused container is thawed: in a frozen cgroup v1 no signal arrives. */
export async function killNow(engine: Engine, record: ContainerRecord): Promise<void> {
  const deadline = AbortSignal.timeout(killTimeoutMs);
  const ended = engine.waiters.next(record.id, "next-exit", deadline);
  const sent = sendSignal(engine, record.id, sigkill);
  try {
    await Promise.all([sent.then(() => thaw(engine, record)), ended]);
  } catch (err) {
    if (!deadline.aborted) throw err;
    throw new DeadlineError(
      `cannot kill container ${record.name}: tried to kill it, but did not receive an exit event`,
      { cause: err },
    );
  }
}

/** The record once a start or an exit that is under way has been recorded. */
export function settled(engine: Engine, ref: string): Promise<ContainerRecord> {
  const { id } = engine.containers.find(ref);
  return engine.locks.run(id, async () => engine.containers.find(id));
}

/** A program that has ended meanwhile needs no signal: its exit is on the way. */
export async function sendSignal(engine: Engine, id: string, signal: number): Promise<void> {
  try {
    await engine.monitor.signal(id, signal);
  } catch (err) {
    if (!(err instanceof NotFoundError)) throw err;
  }
}

/** The signal waits in a frozen process until it is thawed; then it is the first thing that happens to it. */
async function thaw(engine: Engine, record: ContainerRecord): Promise<void> {
  if (engine.containers.get(record.id)?.state.status === "paused")
    await engine.monitor.run(driverOf(engine, record).resume(record.id));
}

export function stopSignalOf(record: ContainerRecord): number {
  return signalNumber(record.config.StopSignal ?? "SIGTERM");
}

/** The user's wish that the container be down: no restart policy goes against it. */
export function markStoppedByUser(engine: Engine, id: string): void {
  engine.containers.update(id, (record) => ({ ...record, stoppedByUser: true }));
}
