// A layer is unpacked before it is known on what: archives hold layers in any order. What depends on the layers below is
// done when it finds its place.
import {
  AT_FDCWD,
  fchmodat,
  fchownat,
  mknodat,
  statAt,
  unlinkat,
  utimensat,
  type EntryStatus,
} from "../sys/directory-entry.ts";
import { failedWith, type Path } from "../sys/errno.ts";
import { lgetxattr, llistxattr, lsetxattr } from "../sys/xattr.ts";
import { splitPath, type LayerPath } from "./entry-path.ts";
import type { AppliedLayer } from "./layer-apply.ts";
import { isFolder, isWhiteout, LayerTree, pathOf, S_IFCHR } from "./layer-tree.ts";
import { LowerLayers } from "./lower-layers.ts";
import { encodeName } from "./tar-name.ts";

type Unsettled = Pick<AppliedLayer, "implied" | "whiteouts" | "opaqueRoot">;

/** Finishes the layer in `folder`. `lowerFolders`: those of the layers below, topmost first. */
export function settleLayer(folder: string, layer: Unsettled, lowerFolders: readonly string[]): void {
  using tree = new LayerTree(folder);
  if (lowerFolders.length === 0) {
    for (const path of layer.whiteouts) dropWhiteout(tree, path);
    return;
  }
  const lowers = new LowerLayers(lowerFolders);
  if (layer.opaqueRoot) hideRoot(tree, lowers);
  // Parents come before what is in them.
  for (const [inode, path] of layer.implied) {
    const below = lowers.topFolder(path);
    if (below !== undefined) takeAttributes(tree, path, inode, below);
  }
}

/** With nothing below there is nothing to delete, and overlayfs would list the mark where it does not merge folders. */
function dropWhiteout(tree: LayerTree, path: LayerPath): void {
  const { folder, name } = splitPath(path);
  const parent = tree.existingFolder(folder);
  if (parent === undefined) return;
  const status = statAt(parent, encodeName(name));
  const before = statAt(parent, ".");
  if (status === undefined || before === undefined || !isWhiteout(status)) return;
  unlinkat(parent, encodeName(name));
  utimensat(parent, ".", before.accessedNs, before.modifiedNs);
}

/** overlayfs merges the layers' roots whatever they are marked with, so every name is deleted by itself. */
function hideRoot(tree: LayerTree, lowers: LowerLayers): void {
  const before = statAt(tree.folder(""), ".");
  for (const name of lowers.names("")) {
    const root = tree.folder("");
    const status = statAt(root, encodeName(name));
    if (status === undefined) mknodat(root, encodeName(name), S_IFCHR, 0n);
    else if (isFolder(status)) tree.setOpaque(name);
  }
  if (before !== undefined) utimensat(tree.folder(""), ".", before.accessedNs, before.modifiedNs);
}

/** A folder of which the archive says nothing stays what it was: overlayfs shows the topmost layer's attributes. */
function takeAttributes(tree: LayerTree, path: LayerPath, inode: bigint, below: Path): void {
  const { folder, name } = splitPath(path);
  const parent = tree.existingFolder(folder);
  const child = encodeName(name || ".");
  // Something else may have taken its place since.
  if (parent === undefined || statAt(parent, child)?.inode !== inode) return;
  const status = statAt(AT_FDCWD, below);
  if (status !== undefined) copyAttributes(below, status, parent, child);
}

/** Gives a folder the owner, mode, times and extended attributes of another one. */
export function copyAttributes(from: Path, status: EntryStatus, parent: number, name: Path): void {
  fchownat(parent, name, status.uid, status.gid);
  fchmodat(parent, name, status.mode & 0o7777);
  for (const key of llistxattr(from)) {
    const value = key.startsWith("trusted.overlay.") ? undefined : lgetxattr(from, key);
    if (value === undefined) continue;
    try {
      lsetxattr(parent === AT_FDCWD ? name : pathOf(parent, name), key, value);
    } catch (err) {
      if (!failedWith(err, "EOPNOTSUPP", "EPERM")) throw err;
    }
  }
  utimensat(parent, name, status.accessedNs, status.modifiedNs);
}
