// `stop` and `restart`: ask politely, wait, then kill.
import type { ContainerRecord } from "../containers/record.ts";
import { isUp } from "../containers/state.ts";
import { signalNumber } from "../containers/signals.ts";
import { publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { killNow, markStoppedByUser, sendSignal, settled, stopSignalOf } from "./kill.ts";
import { cancelRestart } from "./restarts.ts";
import { startContainer } from "./start.ts";

export type StopOptions = {
  /** Instead of the container's own stop signal. */
  readonly signal?: string;
  /** Before SIGKILL; negative: never. Default: the container's own, else 10. */
  readonly timeoutSeconds?: number;
};

const defaultTimeoutSeconds = 10;

/** `changed: false` when it was down already (Docker answers 304). Returns when the exit code is known. */
export async function stopContainer(
  engine: Engine,
  ref: string,
  options: StopOptions,
): Promise<{ changed: boolean }> {
  const signal = options.signal ? signalNumber(options.signal) : undefined;
  const record = await settled(engine, ref);
  if (cancelRestart(engine, record)) return { changed: true };
  if (!isUp(record.state)) return { changed: false };
  markStoppedByUser(engine, record.id);
  await endRun(
    engine,
    record,
    signal ?? stopSignalOf(record),
    options.timeoutSeconds ?? stopTimeoutOf(record),
  );
  publishContainerEvent(engine, record, "stop");
  return { changed: true };
}

/** Seconds between the stop signal and SIGKILL; negative: no SIGKILL. */
export function stopTimeoutOf({ config }: ContainerRecord): number {
  return config.StopTimeout ?? defaultTimeoutSeconds;
}

/** `signal`, and SIGKILL if the program has not ended in time. Returns when the exit code is known. */
export async function endRun(
  engine: Engine,
  record: ContainerRecord,
  signal: number,
  timeoutSeconds: number,
): Promise<void> {
  const wait = timeoutSeconds < 0 ? undefined : AbortSignal.timeout(timeoutSeconds * 1000);
  const ended = engine.waiters.next(record.id, "next-exit", wait);
  ended.catch(() => {}); // awaited below; a monitor that fails first must not leave it unobserved
  publishContainerEvent(engine, record, "kill", { signal: String(signal) });
  await sendSignal(engine, record.id, signal);
  try {
    await ended;
  } catch (err) {
    if (!wait?.aborted) throw err;
    const now = engine.containers.get(record.id);
    if (now && isUp(now.state)) {
      publishContainerEvent(engine, record, "kill", { signal: "9" });
      await killNow(engine, now);
    }
  }
}

export async function restartContainer(engine: Engine, ref: string, options: StopOptions): Promise<void> {
  const { id } = engine.containers.find(ref);
  await stopContainer(engine, id, options);
  await startContainer(engine, id);
  publishContainerEvent(engine, engine.containers.find(id), "restart");
}
