// Becoming another user for good, with fewer rights. glibc changes all threads' user together, as POSIX wants; the bounding
// set is this thread's alone, which is enough for the execve that comes from it.
import { errnoOf, SyscallError } from "./errno.ts";
import { check, lastErrno, libc } from "./libc.ts";

const PR_CAPBSET_DROP = 24;
const RLIMIT_NOFILE = 7;

/** Replaces the supplementary groups. */
export function setGroups(gids: readonly number[]): void {
  check(libc.setgroups(gids.length, gids.length === 0 ? null : Uint32Array.from(gids)), "setgroups");
}

/** Real, effective and saved group: no way back once the user is changed too. Before `becomeUser`. */
export function becomeGroup(gid: number): void {
  check(libc.setresgid(gid, gid, gid), "setresgid");
}

/** Real, effective and saved user. */
export function becomeUser(uid: number): void {
  check(libc.setresuid(uid, uid, uid), "setresuid");
}

/**
 * What this process and its children can have of capabilities from the next execve on, a bit each (capabilities(7)). Those
 * that it lacks already stay away. EPERM without CAP_SETPCAP when there is something to drop.
 */
export function keepCapabilities(kept: bigint): void {
  for (let number = 0n; number < 64n; number++) {
    if ((kept & (1n << number)) !== 0n) continue;
    if (libc.prctl(PR_CAPBSET_DROP, Number(number), 0, 0, 0) !== -1) continue;
    const errno = lastErrno();
    if (errno === errnoOf("EINVAL")) return; // past the last one of this kernel
    throw new SyscallError("prctl(PR_CAPBSET_DROP)", errno);
  }
}

/** The soft limit of open files; the hard one stays. */
export function setOpenFilesLimit(soft: number): void {
  const limit = new BigUint64Array(2);
  check(libc.prlimit(0, RLIMIT_NOFILE, null, limit), "prlimit");
  limit[0] = BigInt(soft);
  check(libc.prlimit(0, RLIMIT_NOFILE, limit, null), "prlimit");
}
