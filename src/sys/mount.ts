// mount(2) and umount2(2). Flags are the kernel's (include/uapi/linux/mount.h).
import type { Path } from "./errno.ts";
import { ptr } from "bun:ffi";
import { AT_FDCWD } from "./directory-entry.ts";
import { failedWith } from "./errno.ts";
import { closeFd, O_CLOEXEC } from "./file.ts";
import { check, cString, libc } from "./libc.ts";

export const MS_RDONLY = 0x1;
export const MS_NOSUID = 0x2;
export const MS_NODEV = 0x4;
export const MS_NOEXEC = 0x8;
export const MS_REMOUNT = 0x20;
export const MS_BIND = 0x1000;
export const MS_REC = 0x4000;
export const MS_PRIVATE = 1 << 18;
export const MS_SHARED = 1 << 20;

export const MNT_DETACH = 2;
export const UMOUNT_NOFOLLOW = 8;

/** `data` holds the file system's own options, comma separated; the kernel takes less than one page (4095 bytes). */
export function mount(source: Path, target: Path, fstype: string, flags: number, data?: string): void {
  const type = fstype === "" ? null : cString(fstype);
  const options = data === undefined || data === "" ? null : cString(data);
  check(libc.mount(cString(source), cString(target), type, flags, options), "mount", target);
}

/** Throws EINVAL when nothing is mounted at `target`, EBUSY when it is in use and MNT_DETACH is not given. */
export function unmount(target: Path, flags = 0): void {
  check(libc.umount2(cString(target), flags), "umount", target);
}

/** Unmounts what may be gone already. `false` when there was nothing to unmount. */
export function unmountIfMounted(target: Path, flags = 0): boolean {
  try {
    unmount(target, flags);
    return true;
  } catch (err) {
    if (failedWith(err, "EINVAL", "ENOENT", "ENOTDIR")) return false;
    throw err;
  }
}

/** Everything that is mounted one over the other there. What has files open in it keeps them: it is only taken out of sight. */
export function unmountFully(target: Path): void {
  while (unmountIfMounted(target, MNT_DETACH));
}

/** MS_PRIVATE, MS_SLAVE or MS_SHARED, with MS_REC for everything below too. EINVAL when `target` is no mount point. */
export function setPropagation(target: Path, flag: number): void {
  check(libc.mount(null, cString(target), null, flag, null), "mount", target);
}

const SYS_open_tree = 428;
const OPEN_TREE_CLONE = 1;
const AT_RECURSIVE = 0x8000;

/**
 * A copy of what is mounted at `path` with all mounts below it, as an open folder (O_PATH): it is seen through this
 * descriptor only and goes when the descriptor is closed, whatever becomes of the namespace it was made in. Kernel 5.2.
 */
export function cloneMounts(path: Path): number {
  const name = cString(path);
  const flags = OPEN_TREE_CLONE | AT_RECURSIVE | O_CLOEXEC;
  return check(libc.syscall(SYS_open_tree, AT_FDCWD, ptr(name), flags, 0, 0), "open_tree", path);
}

const SYS_fsopen = 430;
const SYS_fsconfig = 431;
const SYS_fsmount = 432;
const FSOPEN_CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;
const FSMOUNT_CLOEXEC = 1;

/**
 * A file system that needs no source, as an open folder that is mounted nowhere and goes when the descriptor is closed. Kernel
 * 5.2; ENODEV when it has no such file system.
 */
export function mountNowhere(fstype: string): number {
  const type = cString(fstype);
  const context = check(libc.syscall(SYS_fsopen, ptr(type), FSOPEN_CLOEXEC, 0, 0, 0), "fsopen", fstype);
  try {
    check(libc.syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0), "fsconfig", fstype);
    return check(libc.syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0, 0, 0), "fsmount", fstype);
  } finally {
    closeFd(context);
  }
}
