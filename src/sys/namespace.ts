// Network and mount namespaces.
//
// A namespace belongs to a thread, and JavaScript runs on one: whoever enters another network namespace must leave it
// before anything else can run. So each pair of calls here is synchronous, in one function, in try/finally, and what is
// done inside is only to open something (a socket stays bound to the namespace it was opened in).
import { existsSync, unlinkSync } from "node:fs";
import { hasCode } from "../base/errors.ts";
import { closeFd, O_CLOEXEC, O_CREAT, O_EXCL, O_RDONLY, openFile } from "./file.ts";
import { check, libc } from "./libc.ts";
import { MNT_DETACH, mount, MS_BIND, unmountIfMounted } from "./mount.ts";

const CLONE_FS = 0x200;
const CLONE_NEWNS = 0x00020000;
const CLONE_NEWNET = 0x40000000;
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_NETNS_COOKIE = 71;
const ownNetns = "/proc/thread-self/ns/net";

/**
 * Makes a network namespace and keeps it alive by a bind mount on a new file at `path` (as `ip netns` does).
 * EEXIST when the file is there; nothing is left behind on failure.
 */
export function createNetns(path: string): void {
  closeFd(openFile(path, O_RDONLY | O_CREAT | O_EXCL, 0o444));
  try {
    awayFromNetns(() => {
      check(libc.unshare(CLONE_NEWNET), "unshare");
      mount(ownNetns, path, "", MS_BIND);
    });
  } catch (err) {
    unlinkSync(path);
    throw err;
  }
}

/** Lets go of a namespace made by `createNetns`; it ends with its last process. Fine when it is gone already. */
export function removeNetns(path: string): void {
  if (!existsSync(path)) return;
  // MNT_DETACH: a process that has the file open must not keep the name alive.
  unmountIfMounted(path, MNT_DETACH);
  try {
    unlinkSync(path);
  } catch (err) {
    if (!hasCode(err, "ENOENT")) throw err;
  }
}

/** Runs `open` with this thread in the network namespace at `path` (a netns file or /proc/PID/ns/net) and comes back. */
export function insideNetns<T>(path: string, open: () => T): T {
  const target = openFile(path, O_RDONLY);
  try {
    return awayFromNetns(() => {
      check(libc.setns(target, CLONE_NEWNET), "setns", path);
      return open();
    });
  } finally {
    closeFd(target);
  }
}

/** Moves this thread into an empty network namespace, for good: for a program that will only start others. */
export function moveToNewNetns(): void {
  check(libc.unshare(CLONE_NEWNET), "unshare");
}

/** Moves this thread into a network namespace, for good. */
export function enterNetns(path: string): void {
  const target = openFile(path, O_RDONLY);
  check(libc.setns(target, CLONE_NEWNET), "setns", path);
  closeFd(target);
}

/** The number of the network namespace that this thread is in, never used again. ENOPROTOOPT before kernel 5.14. */
export function netnsCookie(): bigint {
  const fd = check(libc.socket(AF_INET, SOCK_DGRAM | O_CLOEXEC, 0), "socket");
  try {
    const cookie = new BigUint64Array(1);
    check(
      libc.getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, Int32Array.of(cookie.byteLength)),
      "getsockopt",
    );
    return cookie[0] ?? 0n;
  } finally {
    closeFd(fd);
  }
}

/** Opens a namespace file, to be named by its descriptor (netlink's IFLA_NET_NS_FD). */
export function openNetns(path: string): number {
  return openFile(path, O_RDONLY);
}

/** Comes back to the present network namespace after `work`, which moved this thread away. */
function awayFromNetns<T>(work: () => T): T {
  const home = openFile(ownNetns, O_RDONLY);
  try {
    try {
      return work();
    } finally {
      // A daemon in the wrong namespace would do real harm from here on; a dead one restores itself.
      if (libc.setns(home, CLONE_NEWNET) === -1) process.abort();
    }
  } finally {
    closeFd(home);
  }
}

/**
 * Runs `work` with this thread in a fresh copy of the mount namespace and comes back; the copy lives on with the
 * processes that `work` started, and ends with them. About 0.1 ms. `home` is this thread's own mount namespace, opened
 * by `openOwnMounts`.
 */
export function withCopyOfMounts<T>(home: number, work: () => T): T {
  check(libc.unshare(CLONE_NEWNS), "unshare");
  try {
    return work();
  } finally {
    // JavaScriptCore may have started a thread meanwhile, which shares our root and working folder; setns refuses to move
    // a thread that shares them (EINVAL). Such a helper thread stays in the copy: it opens no files.
    libc.unshare(CLONE_FS);
    if (libc.setns(home, CLONE_NEWNS) === -1) process.abort();
  }
}

/** The mount namespace of this thread, to come back to. */
export function openOwnMounts(): number {
  return openFile("/proc/thread-self/ns/mnt", O_RDONLY);
}
