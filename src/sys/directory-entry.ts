// The …at family: making, changing and reading one entry of an open folder.
//
// `name` should be one component, with the folder opened by `openInRoot`: a longer path would be resolved with the
// host's eyes. The kernel reads an absolute path from the host's root, whatever the descriptor.
import type { Path } from "./errno.ts";
import { failedWith } from "./errno.ts";
import { check, checkUninterrupted, cString, libc } from "./libc.ts";

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_EMPTY_PATH = 0x1000;
export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;

/** `mode` is subject to the umask in the three that make something. */
export function mkdirat(folder: number, name: Path, mode: number): void {
  check(libc.mkdirat(folder, cString(name), mode), "mkdirat", name);
}

export function symlinkat(target: Path, folder: number, name: Path): void {
  check(libc.symlinkat(cString(target), folder, cString(name)), "symlinkat", name);
}

/** A second name for a file. With AT_EMPTY_PATH and an empty `oldName`, for the open file itself (an O_PATH one too). */
export function linkat(oldFolder: number, oldName: Path, folder: number, name: Path, flags = 0): void {
  check(libc.linkat(oldFolder, cString(oldName), folder, cString(name), flags), "linkat", name);
}

/** `mode` holds the file type (S_IFCHR, S_IFBLK, S_IFIFO, S_IFREG) too; `device` comes from `makeDevice`. */
export function mknodat(folder: number, name: Path, mode: number, device: bigint): void {
  check(libc.mknodat(folder, cString(name), mode, device), "mknodat", name);
}

/** Removes a file, or with AT_REMOVEDIR an empty folder. */
export function unlinkat(folder: number, name: Path, flags = 0): void {
  check(libc.unlinkat(folder, cString(name), flags), "unlinkat", name);
}

/** Replaces `newName` unless RENAME_NOREPLACE is given; RENAME_EXCHANGE swaps the two in one step. */
export function renameat2(
  oldFolder: number,
  oldName: Path,
  newFolder: number,
  newName: Path,
  flags = 0,
): void {
  check(
    libc.renameat2(oldFolder, cString(oldName), newFolder, cString(newName), flags),
    "renameat2",
    newName,
  );
}

/** The target of a symbolic link as raw bytes; of an O_PATH descriptor itself when `name` is empty. */
export function readlinkat(folder: number, name: Path): Uint8Array {
  const bytes = cString(name);
  const buffer = new Uint8Array(4096);
  return buffer.subarray(0, check(libc.readlinkat(folder, bytes, buffer, buffer.length), "readlinkat", name));
}

/** Gives -1 for an owner to leave it alone. A link itself is changed with AT_SYMLINK_NOFOLLOW, the default. */
export function fchownat(
  folder: number,
  name: Path,
  uid: number,
  gid: number,
  flags = AT_SYMLINK_NOFOLLOW,
): void {
  check(libc.fchownat(folder, cString(name), uid, gid, flags), "fchownat", name);
}

export function fchown(fd: number, uid: number, gid: number): void {
  check(libc.fchown(fd, uid, gid), "fchown");
}

/** Follows a symbolic link: Linux has no modes of links. Not subject to the umask. */
export function fchmodat(folder: number, name: Path, mode: number): void {
  check(libc.fchmodat(folder, cString(name), mode, 0), "fchmodat", name);
}

export function fchmod(fd: number, mode: number): void {
  check(libc.fchmod(fd, mode), "fchmod");
}

/** Times in nanoseconds since 1970 (before it: negative). A link itself is changed with AT_SYMLINK_NOFOLLOW, the default. */
export function utimensat(
  folder: number,
  name: Path,
  accessedNs: bigint,
  modifiedNs: bigint,
  flags = AT_SYMLINK_NOFOLLOW,
): void {
  check(libc.utimensat(folder, cString(name), timespecs(accessedNs, modifiedNs), flags), "utimensat", name);
}

/** As `utimensat`, for an open file (not an O_PATH one). */
export function futimens(fd: number, accessedNs: bigint, modifiedNs: bigint): void {
  check(libc.futimens(fd, timespecs(accessedNs, modifiedNs)), "futimens");
}

const nsPerSecond = 1_000_000_000n;

/** Of the call that is being made: thousands are made for a layer. */
const twoTimespecs = new BigInt64Array(4);

function timespecs(...times: readonly [bigint, bigint]): BigInt64Array {
  for (const [at, ns] of times.entries()) {
    // Towards minus infinity: the nanoseconds of a timespec are never negative.
    const rest = ((ns % nsPerSecond) + nsPerSecond) % nsPerSecond;
    twoTimespecs[2 * at] = (ns - rest) / nsPerSecond;
    twoTimespecs[2 * at + 1] = rest;
  }
  return twoTimespecs;
}

/** A device number as mknod(2) wants it: 12 bits of major and 20 of minor, with room above. */
export function makeDevice(major: number, minor: number): bigint {
  const low = BigInt(((major & 0xfff) << 8) | (minor & 0xff));
  return low | (BigInt(minor >>> 8) << 20n) | (BigInt(major >>> 12) << 44n);
}

export type EntryStatus = {
  /** File type and permission bits, as S_IFMT and 07777 split them. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  readonly inode: bigint;
  readonly sizeBytes: number;
  /** Bytes on disk: fewer than the size where a file has holes. */
  readonly allocatedBytes: number;
  readonly accessedNs: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
  /** What a device node stands for. */
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** The file system the entry is on. */
  readonly filesystem: string;
};

const STATX_BASIC_STATS = 0x7ff;
const statxBytes = 256;

/**
 * What `name` in an open folder is, links not followed by default; with AT_EMPTY_PATH and an empty name, what the
 * descriptor itself is. `undefined` when there is no such entry.
 */
export function statAt(folder: number, name: Path, flags = AT_SYMLINK_NOFOLLOW): EntryStatus | undefined {
  const bytes = cString(name);
  const block = new Uint8Array(new ArrayBuffer(statxBytes));
  try {
    checkUninterrupted(() => libc.statx(folder, bytes, flags, STATX_BASIC_STATS, block), "statx", name);
  } catch (err) {
    if (failedWith(err, "ENOENT")) return undefined;
    throw err;
  }
  const view = new DataView(block.buffer);
  const timeAt = (offset: number): bigint =>
    view.getBigInt64(offset, true) * nsPerSecond + BigInt(view.getUint32(offset + 8, true));
  return {
    nlink: view.getUint32(16, true),
    uid: view.getUint32(20, true),
    gid: view.getUint32(24, true),
    mode: view.getUint16(28, true),
    inode: view.getBigUint64(32, true),
    sizeBytes: Number(view.getBigUint64(40, true)),
    allocatedBytes: Number(view.getBigUint64(48, true)) * 512,
    accessedNs: timeAt(64),
    changedNs: timeAt(96),
    modifiedNs: timeAt(112),
    deviceMajor: view.getUint32(128, true),
    deviceMinor: view.getUint32(132, true),
    filesystem: `${view.getUint32(136, true)}:${view.getUint32(140, true)}`,
  };
}
