// openat2(2): opening a path as if a folder were the root of everything, decided by the kernel and so safe from
// symbolic links, `..` and races with whoever writes inside that folder.
import { ptr } from "bun:ffi";
import { errnoOf, SyscallError, type Path } from "./errno.ts";
import { O_CLOEXEC, O_CREAT } from "./file.ts";
import { cString, lastErrno, libc } from "./libc.ts";

const SYS_openat2 = 437;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_BENEATH = 0x08;
const RESOLVE_IN_ROOT = 0x10;
const howBytes = 24;
/** The kernel gives up with EAGAIN when a rename anywhere on the system crossed a `..`; it is asked again this often. */
const attempts = 128;

const how = new BigUint64Array(3);

/**
 * Opens `path` below the folder `rootFd`; absolute paths and absolute links begin at that folder, and `..` at its top
 * stays there. Close-on-exec. `mode` counts with O_CREAT only. With O_PATH and O_NOFOLLOW a link itself is opened.
 * Kernel 5.6.
 */
export function openInRoot(rootFd: number, path: Path, flags: number, mode = 0): number {
  return openat2(rootFd, path, { flags, mode, resolve: RESOLVE_IN_ROOT });
}

/** The same for what must not even try to leave the folder: absolute paths and links, and `..` at its top, are EXDEV. */
export function openBeneath(rootFd: number, path: Path, flags: number): number {
  return openat2(rootFd, path, { flags, mode: 0, resolve: RESOLVE_BENEATH });
}

type How = { readonly flags: number; readonly mode: number; readonly resolve: number };

function openat2(rootFd: number, path: Path, { flags, mode, resolve }: How): number {
  const name = cString(path);
  // The kernel refuses a mode where none is used.
  how[0] = BigInt((flags | O_CLOEXEC) >>> 0);
  how[1] = BigInt((flags & O_CREAT) === 0 ? 0 : mode & 0o7777);
  how[2] = BigInt(resolve | RESOLVE_NO_MAGICLINKS);
  for (let attempt = 1; ; attempt++) {
    const fd = libc.syscall(SYS_openat2, rootFd, ptr(name), ptr(how), howBytes, 0);
    if (fd !== -1) return Number(fd);
    const errno = lastErrno();
    const again = errno === errnoOf("EAGAIN") || errno === errnoOf("EINTR");
    if (!again || attempt === attempts) throw new SyscallError("openat2", errno, path);
  }
}
