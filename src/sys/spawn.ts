// Starting programs: posix_spawn(3) for children, execve(2) to become another program.
import { SyscallError } from "./errno.ts";
import { closeFd, duplicate, O_RDWR } from "./file.ts";
import { check, cString, libc } from "./libc.ts";
import { environmentVector, stringVector, type Environment } from "./string-vector.ts";

const POSIX_SPAWN_SETPGROUP = 0x02;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;
/** posix_spawnattr_t is 336 bytes in glibc and posix_spawn_file_actions_t 80: room to spare. */
const opaqueBytes = 512;
/** sizeof(sigset_t) in glibc; the kernel reads the first 8 bytes. */
const sigsetBytes = 128;
const SIG_SETMASK = 2;
const SIG_DFL = 0;
const lastSignal = 64;

/** A descriptor of this process, or "null" for /dev/null. */
export type Stdio = number | "null";

export type SpawnOptions = {
  /** The program's file: PATH is not searched. */
  readonly path: string;
  readonly argv: readonly string[];
  readonly env: Environment;
  /** The child's descriptors 0, 1 and 2. It gets no others: everything else is close-on-exec. */
  readonly stdio: readonly [Stdio, Stdio, Stdio];
  readonly cwd?: string;
  /** A session of its own: no signals from this terminal. */
  readonly setsid?: boolean;
  /** A process group of its own in this session. */
  readonly ownGroup?: boolean;
};

/**
 * Starts a child without copying this process (glibc uses CLONE_VM | CLONE_VFORK): about 0.3 ms whatever our size.
 * The child has all signals at their defaults and none blocked: Bun ignores SIGPIPE, and a child would inherit that.
 * @returns the pid, to be reaped by `waitpid`. A program that cannot be executed is an error here (ENOENT, EACCES…).
 */
export function posixSpawn(options: SpawnOptions): number {
  const { path, argv, env, stdio, cwd, setsid = false, ownGroup = false } = options;
  const actions = new Uint8Array(opaqueBytes);
  const attributes = new Uint8Array(opaqueBytes);
  const borrowed: number[] = [];
  spawnCheck(libc.posix_spawn_file_actions_init(actions), path);
  spawnCheck(libc.posix_spawnattr_init(attributes), path);
  try {
    for (const [target, source] of aboveStdio(stdio, borrowed).entries()) {
      spawnCheck(
        source === "null"
          ? libc.posix_spawn_file_actions_addopen(actions, target, cString("/dev/null"), O_RDWR, 0)
          : libc.posix_spawn_file_actions_adddup2(actions, source, target),
        path,
      );
    }
    if (cwd !== undefined) spawnCheck(libc.posix_spawn_file_actions_addchdir_np(actions, cString(cwd)), path);
    const flags =
      POSIX_SPAWN_SETSIGDEF |
      POSIX_SPAWN_SETSIGMASK |
      (setsid ? POSIX_SPAWN_SETSID : 0) |
      (ownGroup ? POSIX_SPAWN_SETPGROUP : 0); // the group that the attributes name: 0, the child's own
    spawnCheck(libc.posix_spawnattr_setflags(attributes, flags), path);
    const allSignals = new Uint8Array(sigsetBytes).fill(0xff);
    spawnCheck(libc.posix_spawnattr_setsigdefault(attributes, allSignals), path);
    spawnCheck(libc.posix_spawnattr_setsigmask(attributes, new Uint8Array(sigsetBytes)), path);
    const pid = new Int32Array(1);
    spawnCheck(
      libc.posix_spawn(pid, cString(path), actions, attributes, stringVector(argv), environmentVector(env)),
      path,
    );
    return pid[0] ?? -1;
  } finally {
    libc.posix_spawnattr_destroy(attributes);
    libc.posix_spawn_file_actions_destroy(actions);
    for (const fd of borrowed) closeFd(fd);
  }
}

/**
 * The child makes its three dup2 calls in order, so a source among 0, 1, 2 could be overwritten before its turn:
 * such a one is moved up first. One that stays in its place is fine (dup2 onto itself clears close-on-exec).
 */
function aboveStdio(stdio: SpawnOptions["stdio"], borrowed: number[]): Stdio[] {
  return stdio.map((source, target) => {
    if (source === "null" || source === target || source > 2) return source;
    const copy = duplicate(source);
    borrowed.push(copy);
    return copy;
  });
}

/** The posix_spawn family returns the errno itself. */
function spawnCheck(errno: number, path: string): void {
  if (errno !== 0) throw new SyscallError("posix_spawn", errno, path);
}

/**
 * Becomes another program in the same process; returns only by throwing. Signals go back to their defaults first, for
 * ignored ones and the mask pass through an execve. Descriptors that are close-on-exec end here. After a failure the
 * signals stay at their defaults (SIGPIPE ends the process again): say why and end.
 */
export function execve(path: string, argv: readonly string[], env: Environment): never {
  const file = cString(path);
  const args = stringVector(argv);
  const environment = environmentVector(env);
  // SIGKILL and SIGSTOP refuse, and so do the two that glibc keeps for itself: nothing to do about those.
  for (let signal = 1; signal <= lastSignal; signal++) libc.signal(signal, SIG_DFL);
  libc.pthread_sigmask(SIG_SETMASK, new Uint8Array(sigsetBytes), null);
  check(libc.execve(file, args, environment), "execve", path);
  throw new SyscallError("execve", 0, path);
}
