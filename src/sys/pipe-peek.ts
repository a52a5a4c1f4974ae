// Looking into a pipe without taking anything out: whoever dies between reading and storing has lost nothing.
//
//   FIFO ──tee(2)──► private pipe ──read(2)──► memory          the same pages, only referred to twice
//   FIFO ──splice(2)──► /dev/null                              once the bytes are stored elsewhere
import { errnoOf, SyscallError } from "./errno.ts";
import { O_NONBLOCK, O_WRONLY, openFile, openPipe, read, setPipeSize, type Pipe } from "./file.ts";
import { lastErrno, libc } from "./libc.ts";

const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;
const EAGAIN = errnoOf("EAGAIN");
const EINTR = errnoOf("EINTR");

/** What peeking needs besides the pipe itself; one serves any number of pipes, one after the other. */
export type Peeker = { readonly copy: Pipe; readonly sink: number; readonly sizeBytes: number };

/** `sizeBytes`: the most that one `peek` can show; the kernel may grant less. */
export function openPeeker(sizeBytes: number): Peeker {
  const copy = openPipe(O_NONBLOCK);
  const granted = setPipeSize(copy.writer, sizeBytes) ?? 65_536;
  return { copy, sink: openFile("/dev/null", O_WRONLY), sizeBytes: Math.min(granted, sizeBytes) };
}

/**
 * Copies what is at the head of the pipe `fd` to `buffer[offset, offset + length)` and leaves it there.
 * @returns the bytes shown; 0 when the pipe is empty and nobody has it open for writing; `undefined` when it is
 * empty now.
 */
export function peek(
  peeker: Peeker,
  fd: number,
  buffer: Uint8Array,
  offset: number,
  length: number,
): number | undefined {
  const shown = move(() =>
    libc.tee(fd, peeker.copy.writer, Math.min(length, peeker.sizeBytes), SPLICE_F_NONBLOCK),
  );
  if (shown === undefined || shown === 0) return shown;
  for (let at = 0; at < shown;) at += read(peeker.copy.reader, buffer, offset + at, shown - at) ?? 0;
  return shown;
}

/** Takes `count` bytes from the head of the pipe and forgets them. They must be there. */
export function discard(peeker: Peeker, fd: number, count: number): void {
  for (let left = count; left > 0;) {
    const flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
    const gone = move(() => libc.splice(fd, null, peeker.sink, null, left, flags));
    if (gone === undefined || gone === 0) throw new SyscallError("splice", EAGAIN);
    left -= gone;
  }
}

function move(call: () => number | bigint): number | undefined {
  for (;;) {
    const moved = call();
    if (moved !== -1) return Number(moved);
    const errno = lastErrno();
    if (errno === EAGAIN) return undefined;
    if (errno !== EINTR) throw new SyscallError("splice", errno);
  }
}
