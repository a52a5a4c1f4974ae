// `stop` and `restart`: ask politely, wait, then kill.
import type { ContainerRecord } from "../containers/record.ts";
import { isUp } from "../containers/state.ts";
import { signalNumber } from "../containers/signals.ts";
import { publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { killNow, markStoppedByUser, sendSignal, settled, stopSignalOf } from "./kill.ts";
import { noteRequest } from "./requests.ts";
import { cancelRestart } from "./restarts.ts";
import { startContainer } from "./start.ts";

export type StopOptions = {
  /** Instead of the container's own stop signal. */
  readonly signal?: string;
  /** Before SIGKILL; negative: never. Default: the container's own, else 10. */
  readonly timeoutSeconds?: number;
  /** Whose wish it is: the client as it names itself. */
  readonly by?: string;
};

const defaultTimeoutSeconds = 10;

/** `changed: false` when it was down already (Docker answers 304). Returns when the exit code is known. */
export async function stopContainer(
  engine: Engine,
  ref: string,
  options: StopOptions,
  action: "stop" | "restart" = "stop",
): Promise<{ changed: boolean }> {
  const signal = options.signal ? signalNumber(options.signal) : undefined;
  const record = await settled(engine, ref);
  const number = signal ?? stopSignalOf(record);
  const request = { action, signal: number, by: options.by ?? "" };
  if (cancelRestart(engine, record)) {
    noteRequest(engine, record.id, request);
    return { changed: true };
  }
  if (!isUp(record.state)) return { changed: false };
  markStoppedByUser(engine, record.id);
  noteRequest(engine, record.id, request);
  const timeoutSeconds = options.timeoutSeconds ?? stopTimeoutOf(record);
  await endRun(engine, record, number, timeoutSeconds, () =>
    noteRequest(engine, record.id, { ...request, forced: true }),
  );
  publishContainerEvent(engine, record, "stop");
  return { changed: true };
}

/** Seconds between the stop signal and SIGKILL; negative: no SIGKILL. */
export function stopTimeoutOf({ config }: ContainerRecord): number {
  return config.StopTimeout ?? defaultTimeoutSeconds;
}

/** `signal`, and SIGKILL if the program has not ended in time (`beforeKill` is called then). Returns when the exit code is known. */
export async function endRun(
  engine: Engine,
  record: ContainerRecord,
  signal: number,
  timeoutSeconds: number,
  beforeKill: () => void = () => {},
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
      beforeKill();
      publishContainerEvent(engine, record, "kill", { signal: "9" });
      await killNow(engine, now);
    }
  }
}

export async function restartContainer(engine: Engine, ref: string, options: StopOptions): Promise<void> {
  const { id } = engine.containers.find(ref);
  await stopContainer(engine, id, options, "restart");
  await startContainer(engine, id, { action: "restart", by: options.by ?? "" });
  publishContainerEvent(engine, engine.containers.find(id), "restart");
}
