// File descriptors: open, read, write, sync, lock. Everything opened here is close-on-exec, so a child gets only
// what it is given by name (a stray copy of a pipe's write end would keep its reader waiting for ever).
import { constants } from "node:fs";
import { ptr } from "bun:ffi";
import { errnoOf, failedWith, SyscallError, type Path } from "./errno.ts";
import { check, checkUninterrupted, cString, lastErrno, libc } from "./libc.ts";

// These differ between architectures: node:fs knows the values of this one.
export const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NONBLOCK } = constants;
export const { O_DIRECTORY, O_NOFOLLOW, O_NOCTTY } = constants;
export const O_PATH = 0o10000000;
export const O_CLOEXEC = 0o2000000;

const EINTR = errnoOf("EINTR");
const EAGAIN = errnoOf("EAGAIN");
const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const F_SETPIPE_SZ = 1031;
const FD_CLOEXEC = 1;
/** The same on every architecture. */
const SYS_close_range = 436;
const CLOSE_RANGE_CLOEXEC = 4;
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

/** open(2) with O_CLOEXEC added. Opening a FIFO may block: give O_NONBLOCK or O_RDWR. */
export function openFile(path: Path, flags: number, mode = 0): number {
  const bytes = cString(path);
  return checkUninterrupted(() => libc.open(bytes, flags | O_CLOEXEC, mode), "open", path);
}

/** Closes; a failure to (EIO of a late write) is an error, EINTR is not: Linux has closed it by then. */
export function closeFd(fd: number): void {
  if (libc.close(fd) === -1) {
    const errno = lastErrno();
    if (errno !== EINTR) throw new SyscallError("close", errno);
  }
}

/**
 * Reads into `buffer[offset, offset + length)` with no copy.
 * @returns the bytes read, 0 at the end, `undefined` when there is nothing now (EAGAIN).
 */
export function read(
  fd: number,
  buffer: Uint8Array,
  offset = 0,
  length = buffer.length - offset,
): number | undefined {
  if (isEmptyRange(buffer, offset, length)) return 0;
  for (;;) {
    const got = libc.read(fd, ptr(buffer, offset), length);
    if (got !== -1) return Number(got);
    const errno = lastErrno();
    if (errno === EAGAIN) return undefined;
    if (errno !== EINTR) throw new SyscallError("read", errno);
  }
}

/**
 * Writes `buffer[offset, offset + length)` with no copy.
 * @returns the bytes taken, which may be fewer than asked; `undefined` when none can be taken now (EAGAIN).
 */
export function write(
  fd: number,
  buffer: Uint8Array,
  offset = 0,
  length = buffer.length - offset,
): number | undefined {
  if (isEmptyRange(buffer, offset, length)) return 0;
  for (;;) {
    const put = libc.write(fd, ptr(buffer, offset), length);
    if (put !== -1) return Number(put);
    const errno = lastErrno();
    if (errno === EAGAIN) return undefined;
    if (errno !== EINTR) throw new SyscallError("write", errno);
  }
}

/** Writes all of `bytes` to a descriptor that blocks (a file); a full non-blocking one is an EAGAIN error. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    const put = write(fd, bytes, at);
    if (put === undefined) throw new SyscallError("write", EAGAIN);
    at += put;
  }
}

/** read(2) at a place in the file, which leaves the descriptor's own position alone. 0 at the end. */
export function readAt(
  fd: number,
  buffer: Uint8Array,
  offset: number,
  length: number,
  position: number,
): number {
  if (isEmptyRange(buffer, offset, length)) return 0;
  return checkUninterrupted(() => libc.pread(fd, ptr(buffer, offset), length, position), "pread");
}

const SEEK_DATA = 3;
const SEEK_HOLE = 4;

/** A run of bytes of a file that are not a hole. */
export type DataExtent = { readonly offset: number; readonly sizeBytes: number };

/** Where a file has data, ascending; file systems that know no holes give one for the whole of it. lseek(2). */
export function dataExtents(fd: number): DataExtent[] {
  const extents: DataExtent[] = [];
  for (let end = 0; ;) {
    const offset = libc.lseek(fd, end, SEEK_DATA);
    if (offset === -1) {
      const errno = lastErrno();
      if (errno === errnoOf("ENXIO")) return extents;
      throw new SyscallError("lseek", errno);
    }
    end = check(libc.lseek(fd, Number(offset), SEEK_HOLE), "lseek");
    extents.push({ offset: Number(offset), sizeBytes: end - Number(offset) });
  }
}

/**
 * Whether there is nothing to move: an empty array has no address to give. The kernel trusts address and length, so a
 * range that leaves the array would be someone else's memory.
 */
function isEmptyRange(buffer: Uint8Array, offset: number, length: number): boolean {
  if (offset < 0 || length < 0 || offset + length > buffer.length)
    throw new RangeError(`bytes ${offset}..${offset + length} of a buffer of ${buffer.length}`);
  return length === 0;
}

export function truncate(fd: number, sizeBytes: number): void {
  checkUninterrupted(() => libc.ftruncate(fd, sizeBytes), "ftruncate");
}

/** Makes everything on the file system that holds `fd` durable: one call for a tree of many files. */
export function syncFilesystem(fd: number): void {
  checkUninterrupted(() => libc.syncfs(fd), "syncfs");
}

/** Takes an advisory lock on an open file without waiting; `false` when someone else holds it. Lost when the file is closed. */
export function tryLock(fd: number, kind: "shared" | "exclusive" = "exclusive"): boolean {
  try {
    const operation = (kind === "shared" ? LOCK_SH : LOCK_EX) | LOCK_NB;
    checkUninterrupted(() => libc.flock(fd, operation), "flock");
    return true;
  } catch (err) {
    if (failedWith(err, "EAGAIN")) return false;
    throw err;
  }
}

export function unlock(fd: number): void {
  check(libc.flock(fd, LOCK_UN), "flock");
}

/** A second descriptor of the same open file, numbered `lowest` or above. */
export function duplicate(fd: number, lowest = 3): number {
  return check(libc.fcntl(fd, F_DUPFD_CLOEXEC, lowest), "fcntl");
}

/** Makes `target` another descriptor of the same open file, for programs to inherit. */
export function duplicateTo(fd: number, target: number): void {
  check(libc.dup2(fd, target), "dup2");
}

export function setNonBlocking(fd: number, on = true): void {
  const flags = check(libc.fcntl(fd, F_GETFL, 0), "fcntl");
  const wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (wanted !== flags) check(libc.fcntl(fd, F_SETFL, wanted), "fcntl");
}

/** For descriptors that came from elsewhere (inherited ones); those opened in this folder have it already. */
export function setCloseOnExec(fd: number, on = true): void {
  const flags = check(libc.fcntl(fd, F_GETFD, 0), "fcntl");
  check(libc.fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC), "fcntl");
}

/** Everything that is open from `lowest` on, wherever it comes from, ends with the next execve. Kernel 5.11. */
export function closeOnExecFrom(lowest: number): void {
  check(libc.syscall(SYS_close_range, lowest, 2 ** 32 - 1, CLOSE_RANGE_CLOEXEC, 0, 0), "close_range");
}

/**
 * Asks for a pipe buffer of this size (64 KiB by default).
 * @returns the size given, rounded up to pages; `undefined` when the user's pipe limit or
 * /proc/sys/fs/pipe-max-size forbids it, which costs speed only.
 */
export function setPipeSize(fd: number, sizeBytes: number): number | undefined {
  const size = libc.fcntl(fd, F_SETPIPE_SZ, sizeBytes);
  if (size !== -1) return size;
  const errno = lastErrno();
  if (errno === errnoOf("EPERM") || errno === errnoOf("EBUSY")) return undefined;
  throw new SyscallError("fcntl", errno);
}

export type Pipe = { readonly reader: number; readonly writer: number };

/** An anonymous pipe; both ends close-on-exec, blocking unless O_NONBLOCK is given. */
export function openPipe(flags = 0): Pipe {
  const fds = new Int32Array(2);
  check(libc.pipe2(fds, flags | O_CLOEXEC), "pipe2");
  const [reader = -1, writer = -1] = fds;
  return { reader, writer };
}
