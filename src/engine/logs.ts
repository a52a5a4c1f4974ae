// `logs`: what a container has written, and with `follow` what it goes on to write.
import { ConflictError, NotImplementedError } from "../base/errors.ts";
import { isUp } from "../containers/state.ts";
import { readLogs } from "../runtime/log-reader.ts";
import { formatStamp } from "../runtime/log-stamp.ts";
import type { WallTime } from "../sys/clock.ts";
import type { Engine } from "./engine.ts";
import { containerLogPath } from "./task.ts";

export type LogsOptions = {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Go on until the container stops. */
  readonly follow: boolean;
  /** Each line after its time, RFC 3339 with nanoseconds. */
  readonly timestamps: boolean;
  /** Only so many of the last lines; undefined: all. */
  readonly tail?: number | undefined;
  /** Both ends are taken in. */
  readonly since?: WallTime | undefined;
  readonly until?: WallTime | undefined;
};

/**
 * In batches, framed (stdcopy) unless the container has a terminal; the first one is empty, and from then on a removal of the
 * container takes nothing of it away. Throws at once what there is to throw: NotFoundError, ConflictError for a container on
 * its way out, NotImplementedError where nothing is kept.
 */
export function containerLogs(
  engine: Engine,
  ref: string,
  options: LogsOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { id, state, config, hostConfig } = engine.containers.find(ref);
  if (state.status === "removing" || state.status === "dead")
    throw new ConflictError("can not get logs from container which is dead or marked for removal");
  if (hostConfig.LogConfig.Type === "none")
    throw new NotImplementedError("configured logging driver does not support reading");
  const { since, until, follow, ...selection } = options;
  const query = {
    ...selection,
    framed: !config.Tty,
    since: since && stampOf(since),
    until: until && stampOf(until),
    follow: follow && isUp(state) ? engine.waiters.next(id, "next-exit", signal) : undefined,
  };
  return readLogs(containerLogPath(engine, id), query, signal);
}

const lastSecond = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

/** Stamps compare as texts, which holds for years of four digits. */
function stampOf({ seconds, nanoseconds }: WallTime): string {
  return formatStamp({ seconds: Math.min(Math.max(seconds, 0), lastSecond), nanoseconds });
}
