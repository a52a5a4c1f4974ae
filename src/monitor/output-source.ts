// Where a container's output is read from, so that looking at bytes and being done with them are two steps.
//
// A FIFO keeps what has only been looked at: a monitor that dies before the bytes are in the log leaves them to its
// successor. A terminal cannot be looked into (and ends with the monitor anyway), and output that is not logged is lost
// with the monitor's clients in any case: there the bytes are read, and what is not done with is kept here.
import { failedWith } from "../sys/errno.ts";
import { read, setPipeSize } from "../sys/file.ts";
import { discard, peek, type Peeker } from "../sys/pipe-peek.ts";

export type OutputSource = {
  /** Nobody can write any more: what `look` shows is the last. */
  readonly atEnd: boolean;
  /** What is not taken stays in the pipe. */
  readonly keepsInPipe: boolean;
  /**
   * Shows up to `limit` bytes in `buffer` from `at` on: those not taken last time come first.
   * @returns how many; 0 at the end; `undefined` when there is nothing now.
   */
  look(buffer: Uint8Array, at: number, limit: number): number | undefined;
  /** The first `count` of the `shown` bytes that `look` put into `buffer` at `at` are dealt with. */
  take(count: number, shown: number, buffer: Uint8Array, at: number): void;
  /** The descriptor was reported as hung up, or nothing is expected any more. */
  hungUp(): void;
};

const defaultPipeBytes = 64 * 1024;
/** A pipe that is found full is made this large: fewer changes between its writer and us. */
const busyPipeBytes = 1 << 20;

export function peekedFifo(fd: number, peeker: Peeker): OutputSource {
  let enlarged = false;
  let atEnd = false;
  return {
    get atEnd() {
      return atEnd;
    },
    keepsInPipe: true,
    look(buffer, at, limit) {
      const shown = peek(peeker, fd, buffer, at, limit);
      if (shown !== undefined && shown >= defaultPipeBytes && !enlarged) {
        enlarged = true;
        setPipeSize(fd, busyPipeBytes);
      }
      return shown;
    },
    take(count) {
      discard(peeker, fd, count);
    },
    hungUp() {
      atEnd = true;
    },
  };
}

export function readStream(fd: number): OutputSource {
  let rest: Uint8Array | undefined;
  let atEnd = false;
  let closed = false;
  return {
    get atEnd() {
      return atEnd;
    },
    keepsInPipe: false,
    look(buffer, at, limit) {
      const kept = rest?.length ?? 0;
      if (rest) buffer.set(rest, at);
      const got = readOrEnd(fd, buffer, at + kept, limit - kept) ?? (closed ? 0 : undefined);
      if (got === undefined) return undefined;
      atEnd = got === 0;
      return kept + got;
    },
    take(count, shown, buffer, at) {
      rest = count < shown ? new Uint8Array(buffer.subarray(at + count, at + shown)) : undefined;
    },
    hungUp() {
      closed = true; // there may be bytes left: only reading tells
    },
  };
}

/** EIO: the last program has closed the terminal. */
function readOrEnd(fd: number, buffer: Uint8Array, at: number, limit: number): number | undefined {
  try {
    return read(fd, buffer, at, limit);
  } catch (err) {
    if (failedWith(err, "EIO")) return 0;
    throw err;
  }
}
