// Processes: signals, exit statuses, identity, limits.
import { readFileSync } from "node:fs";
import { ptr } from "bun:ffi";
import { errnoOf, failedWith, SyscallError } from "./errno.ts";
import { check, cString, lastErrno, libc } from "./libc.ts";

export const WNOHANG = 1;

const PR_SET_PDEATHSIG = 1;
const PR_SET_NAME = 15;
const PR_SET_CHILD_SUBREAPER = 36;

/** Signal 0 asks only whether the process exists and may be signalled. ESRCH when it does not. */
export function kill(pid: number, signal: number): void {
  check(libc.kill(pid, signal), "kill");
}

/** Whether a process with this number exists (a zombie counts, another user's too). */
export function processExists(pid: number): boolean {
  try {
    kill(pid, 0);
    return true;
  } catch (err) {
    if (failedWith(err, "ESRCH")) return false;
    if (failedWith(err, "EPERM")) return true;
    throw err;
  }
}

export type Waited = { readonly pid: number; readonly status: number };

const statusWord = new Int32Array(1);

/**
 * Reaps a child; `pid` -1 means any. `status` is the raw word: see `exitOf`.
 * @returns `undefined` when WNOHANG is given and no such child has ended, and when there is no such child.
 */
export function waitpid(pid: number, flags: number): Waited | undefined {
  for (;;) {
    const reaped = libc.waitpid(pid, statusWord, flags);
    if (reaped > 0) return { pid: reaped, status: statusWord[0] ?? 0 };
    if (reaped === 0) return undefined;
    const errno = lastErrno();
    if (errno === errnoOf("ECHILD")) return undefined;
    if (errno !== errnoOf("EINTR")) throw new SyscallError("waitpid", errno);
  }
}

/** How a process ended. `exitCode` is 128 + `signal` when a signal ended it, as shells and Docker count. */
export type ExitStatus = { readonly exitCode: number; readonly signal?: number };

/** Reads the status word of waitpid(2) and of PIDFD_GET_INFO. */
export function exitOf(status: number): ExitStatus {
  const signal = status & 0x7f;
  return signal === 0 ? { exitCode: (status >> 8) & 0xff } : { exitCode: 128 + signal, signal };
}

/** Orphans below this process become its children instead of PID 1's. */
export function setSubreaper(): void {
  check(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl");
}

/** Makes this process the leader of a session and a group of its own, with no terminal. Fine when it leads one already. */
export function newSession(): void {
  if (libc.setsid() === -1 && lastErrno() !== errnoOf("EPERM")) throw new SyscallError("setsid", lastErrno());
}

/** Takes back what was to end this process together with its parent. */
export function outliveParent(): void {
  check(libc.prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)");
}

/** The name of this thread in `ps` and `top`: cut at 15 bytes by the kernel. */
export function setProcessName(name: string): void {
  const bytes = cString(name);
  check(libc.prctl(PR_SET_NAME, ptr(bytes), 0, 0, 0), "prctl");
}

/**
 * When a process was started, in clock ticks since boot (field 22 of /proc/PID/stat, as text): with the pid it names
 * one process for ever, where a pid alone is used again. `undefined` when there is no such process.
 */
export function processStartTime(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch (err) {
    const code = (err as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw err;
  }
  // Field 2 is the program's name in parentheses and may hold spaces and parentheses of its own.
  const fromThird = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fromThird[22 - 3];
}

/** Whether that very process is there and has not come to its end (a zombie has). */
export function isRunning(pid: number, startTime: string): boolean {
  if (processStartTime(pid) !== startTime) return false;
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false; // it went in between
  }
}

/** The capabilities that this process could ever give to a child, one bit each (CapBnd of /proc/self/status). */
export function capabilityBoundingSet(): bigint {
  const line = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1"));
  if (line?.[1] === undefined) throw new Error("/proc/self/status has no CapBnd line");
  return BigInt(`0x${line[1]}`);
}
