// Becoming another user for good. glibc changes all threads of the process together, as POSIX wants.
import { check, libc } from "./libc.ts";

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
