// `logs`: what a container has written, and with `follow` what it goes on to write.
import { ConflictError, NotImplementedError } from "../base/errors.ts";
import { isUp } from "../containers/state.ts";
import { readLogs } from "../runtime/log-reader.ts";
import type { LogQuery } from "../runtime/log-reader.ts";
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
  readonly tail: number | undefined;
  /** Unix nanoseconds, inclusive. */
  readonly since: number | undefined;
  /** Unix nanoseconds, inclusive. */
  readonly until: number | undefined;
};

/** Framed (stdcopy) unless the container has a terminal. Throws before the first chunk, or not at all. */
export function containerLogs(
  engine: Engine,
  ref: string,
  options: LogsOptions,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const { id, state, config, hostConfig } = engine.containers.find(ref);
  if (state.status === "removing" || state.status === "dead")
    throw new ConflictError("can not get logs from container which is dead or marked for removal");
  if (hostConfig.LogConfig.Type !== "json-file")
    throw new NotImplementedError("configured logging driver does not support reading");
  const query: LogQuery = { ...options, framed: !config.Tty, follow: options.follow && isUp(state) };
  return readLogs(containerLogPath(engine, id), query, signal);
}
