// Root file systems of containers: an image's layers below, the container's own folder above. What to mount is data;
// mounting it is a call.
//
//   containers/<id>/rootfs/     where it is mounted
//   containers/<id>/rw/upper/   what the container changed
//   containers/<id>/rw/work/    overlayfs's own
//
// mount(2) takes less than a page of options, 4095 bytes. A layer's full path is some 90 bytes long, so that up to about 40
// layers are named by it, as findmnt(8) shows; of more than that every folder is opened and named `/proc/self/fd/N`, which
// has room for more than 200.
import {
  chmodSync,
  close,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { AT_FDCWD, statAt } from "../sys/directory-entry.ts";
import { failedWith } from "../sys/errno.ts";
import { closeFd, O_DIRECTORY, O_PATH, openFile } from "../sys/file.ts";
import { MNT_DETACH, mount, UMOUNT_NOFOLLOW, unmountIfMounted } from "../sys/mount.ts";
import { copyAttributes } from "./layer-settle.ts";

/** As Docker calls a storage of this kind; clients look for it. */
export const storageDriverName = "overlay2";

export type OverlayMount = {
  readonly target: string;
  /** Topmost first. */
  readonly lowerFolders: readonly string[];
  readonly upperFolder: string;
  readonly workFolder: string;
};

/** Where the layers lie: a LayerStore, or the like. */
export type LayerFolders = {
  diff(chainID: string): string;
  mountpoints(): string;
};

/** `chainIDs`: the image's layers, lowest first, as `Image.layers` has them. */
export function containerMounts(
  layers: LayerFolders,
  chainIDs: readonly string[],
  containerFolder: string,
): OverlayMount[] {
  const lowerFolders = chainIDs.map((chainID) => layers.diff(chainID)).toReversed();
  return [
    {
      target: join(containerFolder, "rootfs"),
      lowerFolders: [...lowerFolders, layers.mountpoints()],
      upperFolder: join(containerFolder, "rw", "upper"),
      workFolder: join(containerFolder, "rw", "work"),
    },
  ];
}

/**
 * Makes the folders that the mount of a container needs. `topFolder`, the image's topmost layer, says what the root itself
 * looks like: overlayfs shows the attributes of the container's own.
 */
export function prepareRw(containerFolder: string, topFolder?: string): void {
  mkdirSync(join(containerFolder, "rootfs"), { mode: 0o755 });
  mkdirSync(join(containerFolder, "rw"), { mode: 0o700 });
  const upper = join(containerFolder, "rw", "upper");
  mkdirSync(upper);
  chmodSync(upper, 0o755);
  mkdirSync(join(containerFolder, "rw", "work"), { mode: 0o700 });
  const status = topFolder === undefined ? undefined : statAt(AT_FDCWD, topFolder);
  if (topFolder !== undefined && status !== undefined) copyAttributes(topFolder, status, AT_FDCWD, upper);
}

/** What is mounted already stays. */
export function mountAll(mounts: readonly OverlayMount[]): void {
  for (const wanted of mounts) if (!isMounted(wanted.target)) mountOverlay(wanted);
}

/**
 * Unmounts a root file system; fine when it is not mounted. It is out of sight when this returns, and gone when what it
 * returns resolves, but for what a stray process holds: that goes with the process.
 *
 * Whoever lets go of an overlay last waits until all that is unwritten on the file system below it is on the disk (kill_sb in
 * fs/super.c, ovl_sync_fs): of a log just written that is a second's worth. So a thread does.
 */
export async function unmountAll(target: string): Promise<void> {
  const folder = openIfThere(target);
  if (folder === undefined) return;
  let wasMounted = true;
  try {
    wasMounted = unmountIfMounted(target, MNT_DETACH | UMOUNT_NOFOLLOW);
  } finally {
    if (wasMounted) await closeByThread(folder);
    else closeFd(folder);
  }
}

const closeByThread = promisify(close);

function openIfThere(folder: string): number | undefined {
  try {
    return openFile(folder, O_PATH | O_DIRECTORY);
  } catch (err) {
    if (failedWith(err, "ENOENT", "ENOTDIR")) return undefined;
    throw err;
  }
}

/** Whether another file system begins at this folder. */
export function isMounted(folder: string): boolean {
  const own = statAt(AT_FDCWD, folder);
  return own !== undefined && own.filesystem !== statAt(AT_FDCWD, dirname(folder))?.filesystem;
}

const maxDataBytes = 4095;

function mountOverlay({ target, lowerFolders, upperFolder, workFolder }: OverlayMount): void {
  const plain = overlayData(lowerFolders, upperFolder, workFolder);
  if (Buffer.byteLength(plain) <= maxDataBytes) {
    mount("overlay", target, "overlay", 0, plain);
    return;
  }
  const fds: number[] = [];
  try {
    for (const folder of lowerFolders) fds.push(openFile(folder, O_PATH | O_DIRECTORY));
    const short = fds.map((fd) => `/proc/self/fd/${fd}`);
    mount("overlay", target, "overlay", 0, overlayData(short, upperFolder, workFolder));
  } finally {
    for (const fd of fds) closeFd(fd);
  }
}

/**
 * The options of one mount. `index` and `metacopy` off: a layer may be below many mounts at once, and a file's data always
 * lies where its name is. `redirect_dir` off: a renamed folder is copied, so that the upper folder alone says what changed.
 */
export function overlayData(lower: readonly string[], upper: string, work: string): string {
  const options = [
    `lowerdir=${lower.map((folder) => escaped(folder).replaceAll(":", "\\:")).join(":")}`,
    `upperdir=${escaped(upper)}`,
    `workdir=${escaped(work)}`,
    "index=off",
    "metacopy=off",
    "redirect_dir=off",
  ];
  return options.join(",");
}

/** overlayfs parts its options at commas and takes a backslash for the mark of a plain character. */
function escaped(path: string): string {
  return path.replaceAll("\\", "\\\\").replaceAll(",", "\\,");
}

/**
 * Makes the lowest folder of every root file system: what a container has mounts on even when its image does not hold it
 * (Docker makes the same entries for each container in a layer of its own). Anything in the image comes before it.
 */
export function makeMountpoints(folder: string): void {
  if (existsSync(folder)) return;
  const temp = `${dirname(folder)}.tmp`;
  rmSync(temp, { recursive: true, force: true });
  const made = join(temp, "diff");
  for (const path of ["dev/pts", "dev/shm", "etc", "proc", "sys"])
    mkdirSync(join(made, path), { recursive: true });
  for (const path of [".", "dev", "dev/pts", "dev/shm", "etc", "proc", "sys"])
    chmodSync(join(made, path), 0o755);
  for (const path of [".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf"])
    writeFileSync(join(made, path), "");
  symlinkSync("/proc/mounts", join(made, "etc/mtab"));
  renameSync(temp, dirname(folder));
}
