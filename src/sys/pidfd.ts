// Descriptors of processes: they name one process for ever (a pid may be used again), become readable in epoll when it
// ends, and on new kernels tell how it ended even when somebody else has reaped it.
import { ptr } from "bun:ffi";
import { errnoOf, failedWith, SyscallError } from "./errno.ts";
import { check, lastErrno, libc } from "./libc.ts";
import { exitOf, type ExitStatus } from "./process.ts";

// Numbers of system calls this young are the same on every architecture; glibc of Debian 12 has no functions for them.
const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;
const SYS_pidfd_getfd = 438;

// struct pidfd_info, first published size (include/uapi/linux/pidfd.h).
const infoSizeBytes = 64;
const maskOffset = 0;
const exitCodeOffset = 60;
const PIDFD_INFO_EXIT = 1n << 3n;
// _IOWR(0xFF, 11, struct pidfd_info)
const PIDFD_GET_INFO = 3 * 2 ** 30 + (infoSizeBytes << 16) + (0xff << 8) + 11;

/** A close-on-exec descriptor of process `pid`; ESRCH when there is none. Kernel 5.3. */
export function pidfdOpen(pid: number): number {
  return check(libc.syscall(SYS_pidfd_open, pid, 0, 0, 0, 0), "pidfd_open");
}

/** As `pidfdOpen`; `undefined` when there is no such process (one that waits to be reaped still counts). */
export function pidfdOf(pid: number): number | undefined {
  try {
    return pidfdOpen(pid);
  } catch (err) {
    if (failedWith(err, "ESRCH")) return undefined;
    throw err;
  }
}

/**
 * A close-on-exec copy of the process's descriptor `fd`: the same open file. EBADF when it has none of that number, EPERM
 * without the right to trace it, ESRCH when it has ended. Kernel 5.6.
 */
export function pidfdGetFd(pidfd: number, fd: number): number {
  return check(libc.syscall(SYS_pidfd_getfd, pidfd, fd, 0, 0, 0), "pidfd_getfd");
}

/** ESRCH when the process has ended and been reaped. */
export function pidfdSendSignal(pidfd: number, signal: number): void {
  check(libc.syscall(SYS_pidfd_send_signal, pidfd, signal, 0, 0, 0), "pidfd_send_signal");
}

/**
 * How the process ended, known once it has been reaped by whoever is its parent. Kernel 6.15.
 * `undefined` when it has not been reaped yet and when the kernel cannot tell.
 */
export function pidfdExitStatus(pidfd: number): ExitStatus | undefined {
  const info = new DataView(new ArrayBuffer(infoSizeBytes));
  info.setBigUint64(maskOffset, PIDFD_INFO_EXIT, true);
  if (libc.ioctl(pidfd, PIDFD_GET_INFO, ptr(info)) === -1) {
    const errno = lastErrno();
    // ENOTTY, EINVAL: an older kernel. ESRCH: reaped, and the kernel kept no record of it (before 6.15).
    if (["ENOTTY", "EINVAL", "ESRCH"].some((name) => errno === errnoOf(name as "ENOTTY"))) return undefined;
    throw new SyscallError("ioctl(PIDFD_GET_INFO)", errno);
  }
  if ((info.getBigUint64(maskOffset, true) & PIDFD_INFO_EXIT) === 0n) return undefined;
  return exitOf(info.getInt32(exitCodeOffset, true));
}
