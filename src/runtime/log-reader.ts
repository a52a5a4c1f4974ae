// `logs`: reading a container's json-file log back, across the files put aside, and following it while it is written.
import { wallTime } from "../sys/clock.ts";
import { LogChanges } from "./log-changes.ts";
import { LogDecoder, type LogSelection } from "./log-decoder.ts";
import { newline } from "./log-entry.ts";
import {
  closeLogs,
  decompress,
  inodeOf,
  lastLines,
  openLogs,
  type LogStart,
  type OpenLog,
} from "./log-files.ts";
import { formatStamp } from "./log-stamp.ts";

export type LogQuery = {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly timestamps: boolean;
  /** stdcopy frames; `false` for a container with a terminal. */
  readonly framed: boolean;
  /** Only so many of the last entries. Counted before everything else is left out, as Docker does. */
  readonly tail?: number | undefined;
  /** Both ends are taken in. Stamps: `formatStamp` makes them. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** Read on until this is settled (the container has stopped), and then to the end. */
  readonly follow?: Promise<unknown> | undefined;
};

/** Read at once; what comes out of it is one batch. */
const batchBytes = 1 << 18;

const nothing = new Uint8Array(0);

/**
 * The selected entries in batches of up to 256 KiB, each batch the caller's own. The first one is empty: by then the files are
 * open, and can be read whatever becomes of their container. Ends early, without an error, when
 * `signal` aborts. A log that does not exist is empty; without `follow`, what is written after the call is left out.
 */
export async function* readLogs(
  path: string,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = new LogReader(query, signal);
  if (query.follow === undefined) {
    const logs = await openLogs(path);
    try {
      yield nothing;
      for (const start of await lastLines(logs, query.tail)) yield* reader.readOnce(start);
    } finally {
      await closeLogs(logs);
    }
    return;
  }
  using changes = new LogChanges(path, signal);
  yield* reader.follow(path, query.follow, query.tail, changes);
}

class LogReader {
  readonly #decoder: LogDecoder;
  readonly #until: string | undefined;
  readonly #signal: AbortSignal;
  #input = Buffer.allocUnsafeSlow(batchBytes);

  constructor(query: LogQuery, signal: AbortSignal) {
    const { stdout, stderr, timestamps, framed, since, until } = query;
    const range = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
    const selection: LogSelection = { stdout, stderr, timestamps, framed, ...range };
    this.#decoder = new LogDecoder(selection);
    this.#until = until;
    this.#signal = signal;
  }

  /** One file from its start to the size it had when it was opened. */
  async *readOnce(start: LogStart): AsyncGenerator<Uint8Array, void, undefined> {
    if (start.log.compressed) yield* this.#compressed(start);
    else yield* this.#plain(start.log, start.offset, start.log.sizeBytes);
  }

  async *follow(
    path: string,
    stopped: Promise<unknown>,
    tail: number | undefined,
    changes: LogChanges,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let isStopped = false;
    const stop = (): void => {
      isStopped = true;
      changes.notice();
    };
    stopped.then(stop, stop);
    let logs = await openLogs(path);
    try {
      yield nothing;
      const starts = await lastLines(logs, tail);
      for (const older of starts.slice(0, -1)) yield* this.readOnce(older);
      let current = starts.at(-1)?.log;
      let offset = starts.at(-1)?.offset ?? 0;
      while (!this.#done) {
        const last = isStopped || this.#untilPassed();
        if (current) offset = yield* this.#plain(current, offset);
        const newer = await this.#newerLogs(path, current);
        if (newer) {
          // What was written between our last read and the rotation.
          if (current) yield* this.#plain(current, offset);
          await closeLogs(logs);
          logs = newer.logs;
          // Only now: what was just read is known too.
          if (newer.placeLost) this.#decoder.skipKnown();
          for (const log of logs.slice(0, -1)) yield* this.readOnce({ log, offset: 0, skipLines: 0 });
          current = logs.at(-1);
          offset = 0;
        } else if (last) return;
        else await changes.next();
      }
    } finally {
      await closeLogs(logs);
    }
  }

  get #done(): boolean {
    return this.#decoder.finished || this.#signal.aborted;
  }

  #untilPassed(): boolean {
    return this.#until !== undefined && formatStamp(wallTime()) > this.#until;
  }

  /**
   * The files written after `current`, when it is not the one being written any more. `placeLost`: it was removed or compressed
   * since, so all files there are are given, and time stamps must tell what has been read.
   */
  async #newerLogs(
    path: string,
    current: OpenLog | undefined,
  ): Promise<{ readonly logs: OpenLog[]; readonly placeLost: boolean } | undefined> {
    const now = await inodeOf(path);
    if (now === undefined || now === current?.inode) return undefined;
    const logs = await openLogs(path);
    const known = logs.findIndex(({ inode }) => inode === current?.inode);
    await closeLogs(logs.slice(0, known + 1));
    const newer = logs.slice(known + 1);
    return newer.length > 0 ? { logs: newer, placeLost: known === -1 } : undefined;
  }

  /** Reads from `offset` to `end`, or to the end of the file, and returns where the first line not read begins. */
  async *#plain(
    { handle }: OpenLog,
    from: number,
    end = Infinity,
  ): AsyncGenerator<Uint8Array, number, undefined> {
    let offset = from;
    while (!this.#done && offset < end) {
      const wanted = Math.min(this.#input.length, end - offset);
      const { bytesRead } = await handle.read(this.#input, 0, wanted, offset);
      if (bytesRead === 0) {
        // Somebody has emptied the file, as people do to save space: what comes next begins at its start.
        const { size } = await handle.stat();
        return size < offset ? 0 : offset;
      }
      const consumed = yield* this.#batch(this.#input, bytesRead);
      offset += consumed;
      if (consumed > 0) continue;
      if (bytesRead < wanted || bytesRead < this.#input.length) return offset;
      this.#input = Buffer.allocUnsafeSlow(this.#input.length * 2); // a line longer than the buffer
    }
    return offset;
  }

  async *#compressed({ log, skipLines }: LogStart): AsyncGenerator<Uint8Array, void, undefined> {
    let left = skipLines;
    let rest = Buffer.alloc(0);
    for await (const piece of decompress(log)) {
      if (this.#done) return;
      let at = 0;
      while (left > 0 && at < piece.length) {
        const end = piece.indexOf(newline, at);
        at = end === -1 ? piece.length : end + 1;
        if (end !== -1) left--;
      }
      const input = Buffer.concat([rest, piece.subarray(at)]);
      rest = input.subarray(yield* this.#batch(input, input.length));
    }
  }

  /** Hands out the whole lines of `input[0, length)` and returns how many bytes they are. */
  *#batch(input: Buffer, length: number): Generator<Uint8Array, number, undefined> {
    const output = Buffer.allocUnsafeSlow(length);
    this.#decoder.decode(input, length, output);
    if (this.#decoder.produced > 0) yield output.subarray(0, this.#decoder.produced);
    return this.#decoder.consumed;
  }
}
