// What a container has changed: its upper folder compared with the layers below, by overlayfs's rules. The container may be
// at work meanwhile, so its folders are opened by descriptor only.
import { readdirSync } from "node:fs";
import { AT_FDCWD, readlinkat, statAt, type EntryStatus } from "../sys/directory-entry.ts";
import { failedWith, type Path } from "../sys/errno.ts";
import {
  closeFd,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  openFile,
  readAt,
} from "../sys/file.ts";
import { openInRoot } from "../sys/open-in-root.ts";
import { lgetxattr } from "../sys/xattr.ts";
import { joinPath, type LayerPath } from "./entry-path.ts";
import { isFolder, isRegular, isWhiteout, opaqueXattr, pathOf } from "./layer-tree.ts";
import { LowerLayers } from "./lower-layers.ts";
import { decodeName, encodeName } from "./tar-name.ts";

export type Change = { readonly path: LayerPath; readonly kind: "changed" | "added" | "deleted" };

/**
 * Sorted by path, folders before what is in them. A folder is changed when anything in it is. Of what was deleted or added
 * with a folder: all that was added, only the folder itself that was deleted. `lowerFolders`: topmost first.
 */
export async function upperChanges(upperFolder: string, lowerFolders: readonly string[]): Promise<Change[]> {
  const root = openFile(upperFolder, O_PATH | O_DIRECTORY);
  try {
    return await folderChanges({ root, lowers: new LowerLayers(lowerFolders) }, "", false);
  } finally {
    closeFd(root);
  }
}

type Sides = { readonly root: number; readonly lowers: LowerLayers };

/** A change, or a folder that has to be looked into. */
type Seen = { readonly path: LayerPath; readonly change: Change | undefined; readonly within?: Within };
/** `hides`: nothing of the layers below shows in the folder. */
type Within = { readonly hides: boolean };

async function folderChanges(sides: Sides, path: LayerPath, hides: boolean): Promise<Change[]> {
  // Other requests have their turn between two folders.
  await new Promise(setImmediate);
  const changes: Change[] = [];
  for (const seen of entriesIn(sides, path, hides)) {
    const below = seen.within === undefined ? [] : await folderChanges(sides, seen.path, seen.within.hides);
    if (seen.change !== undefined) changes.push(seen.change);
    else if (below.length > 0) changes.push({ path: seen.path, kind: "changed" });
    for (const change of below) changes.push(change);
  }
  return changes;
}

function entriesIn(sides: Sides, path: LayerPath, hides: boolean): Seen[] {
  const fd = openFolder(sides.root, path);
  if (fd === undefined) return [];
  try {
    const names = readdirSync(`/proc/self/fd/${fd}`, { encoding: "buffer" }).map(decodeName);
    const there = new Set(names);
    const hidden = hides ? [...sides.lowers.names(path)].filter((name) => !there.has(name)) : [];
    return [...names, ...hidden].toSorted().map((name): Seen => {
      const child = joinPath(path, name);
      if (!there.has(name)) return { path: child, change: { path: child, kind: "deleted" } };
      return compare(sides, fd, child, encodeName(name));
    });
  } finally {
    closeFd(fd);
  }
}

function compare({ lowers }: Sides, parent: number, path: LayerPath, name: Path): Seen {
  const status = statAt(parent, name);
  if (status === undefined) return { path, change: undefined };
  const lower = lowers.entry(path);
  if (isWhiteout(status)) return { path, change: lower && { path, kind: "deleted" } };
  const change: Change = { path, kind: lower === undefined ? "added" : "changed" };
  if (!isFolder(status)) {
    const same = lower !== undefined && sameAs(parent, name, status, lower.place, lower.status);
    return { path, change: same ? undefined : change };
  }
  const hides = lgetxattr(pathOf(parent, name), opaqueXattr)?.at(0) === "y".charCodeAt(0);
  const same = lower !== undefined && isFolder(lower.status) && sameAttributes(status, lower.status);
  return { path, change: same ? undefined : change, within: { hides } };
}

function sameAttributes(a: EntryStatus, b: EntryStatus): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && a.modifiedNs === b.modifiedNs;
}

/** A file that was opened for writing and not written to lies in the upper folder, and is no change. */
function sameAs(parent: number, name: Path, a: EntryStatus, place: Path, b: EntryStatus): boolean {
  if (!sameAttributes(a, b) || a.sizeBytes !== b.sizeBytes) return false;
  if (a.deviceMajor !== b.deviceMajor || a.deviceMinor !== b.deviceMinor) return false;
  if (isRegular(a)) return sameContents(parent, name, place);
  const isLink = (a.mode & 0o170000) === 0o120000;
  return !isLink || Buffer.compare(readlinkat(parent, name), readlinkat(AT_FDCWD, place)) === 0;
}

function sameContents(parent: number, name: Path, place: Path): boolean {
  const ours = openInRoot(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const theirs = openFile(place, O_RDONLY | O_NOFOLLOW);
  const [a, b] = [new Uint8Array(64 << 10), new Uint8Array(64 << 10)];
  try {
    for (let at = 0; ;) {
      const got = readAt(ours, a, 0, a.length, at);
      const other = readAt(theirs, b, 0, b.length, at);
      if (got !== other || Buffer.compare(a.subarray(0, got), b.subarray(0, got)) !== 0) return false;
      if (got === 0) return true;
      at += got;
    }
  } finally {
    closeFd(ours);
    closeFd(theirs);
  }
}

/** `undefined` for what was a folder a moment ago. */
function openFolder(root: number, path: LayerPath): number | undefined {
  try {
    return openInRoot(root, encodeName(path || "."), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (err) {
    if (failedWith(err, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw err;
  }
}
