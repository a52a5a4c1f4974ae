// The folder into which a layer is unpacked, reached through descriptors only. Every path of the archive is resolved by
// the kernel as if that folder were the root of everything (openat2, RESOLVE_IN_ROOT), and the last component is never
// followed: neither `..` nor a symbolic link that an earlier entry planted leads out of it.
import { readlinkSync } from "node:fs";
import { InvalidParameterError } from "../base/errors.ts";
import { AT_FDCWD, mkdirat, renameat2, statAt, unlinkat, type EntryStatus } from "../sys/directory-entry.ts";
import { failedWith, type Path } from "../sys/errno.ts";
import { closeFd, O_DIRECTORY, O_PATH, openFile } from "../sys/file.ts";
import { openInRoot } from "../sys/open-in-root.ts";
import { lsetxattr } from "../sys/xattr.ts";
import { joinPath, quoted, splitPath, type LayerPath } from "./entry-path.ts";
import { removeTree } from "./remove-tree.ts";
import { decodeName, encodeName } from "./tar-name.ts";

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
export const S_IFCHR = 0o020000;

export const opaqueXattr = "trusted.overlay.opaque";

/** Archives go through their folders in depth-first order, so few are in use at a time. */
const maxOpenFolders = 128;

export function isFolder(status: EntryStatus): boolean {
  return (status.mode & S_IFMT) === S_IFDIR;
}

export function isRegular(status: EntryStatus): boolean {
  return (status.mode & S_IFMT) === S_IFREG;
}

/** overlayfs shows a character device 0/0 as "deleted". */
export function isWhiteout(status: EntryStatus): boolean {
  return (status.mode & S_IFMT) === S_IFCHR && status.deviceMajor === 0 && status.deviceMinor === 0;
}

/** Says where a file or folder that makes room for another is kept. @returns a path that does not exist yet. */
export type KeepReplaced = (path: LayerPath) => string;

/** INVARIANT: a descriptor that `folder` returned is good until the next call of any method. */
export class LayerTree implements Disposable {
  readonly #root: number;
  readonly #rootPath: string;
  readonly #keepReplaced: KeepReplaced | undefined;
  /** Open folders, least recently used first. */
  readonly #folders = new Map<LayerPath, number>();
  readonly #realFolders = new Map<LayerPath, LayerPath>();
  readonly #implied = new Map<bigint, LayerPath>();

  /** Without `keepReplaced` what has to make room is deleted. */
  constructor(path: string, keepReplaced?: KeepReplaced) {
    this.#root = openFile(path, O_PATH | O_DIRECTORY);
    this.#rootPath = readlinkSync(`/proc/self/fd/${this.#root}`);
    this.#keepReplaced = keepReplaced;
    const status = statAt(this.#root, ".");
    if (status !== undefined) this.#implied.set(status.inode, "");
  }

  [Symbol.dispose](): void {
    this.#forgetFolders();
    closeFd(this.#root);
  }

  /** Folders by inode that entries lie in but no entry describes: what they look like is up to the layers below. */
  get implied(): ReadonlyMap<bigint, LayerPath> {
    return this.#implied;
  }

  /** A descriptor of the folder (O_PATH), made with its parents where it is missing. */
  folder(path: LayerPath): number {
    const found = this.existingFolder(path);
    if (found !== undefined) return found;
    const { folder, name } = splitPath(path);
    this.#makeImplied(this.folder(folder), path, encodeName(name));
    const made = this.existingFolder(path);
    // A link that points to nothing is there and cannot be made.
    if (made === undefined) throw new InvalidParameterError(`${quoted(path)} is not a folder`);
    return made;
  }

  /** As `folder`, or `undefined` where it is missing or deleted. */
  existingFolder(path: LayerPath): number | undefined {
    if (path === "") return this.#root;
    const open = this.#folders.get(path);
    if (open !== undefined) {
      this.#folders.delete(path);
      this.#folders.set(path, open);
      return open;
    }
    const fd = this.open(path);
    if (fd !== undefined) this.#keep(path, fd);
    return fd;
  }

  /** A descriptor of the folder (O_PATH) that the caller closes; `undefined` where it is missing or deleted. */
  open(path: LayerPath): number | undefined {
    try {
      return openInRoot(this.#root, path === "" ? "." : encodeName(path), O_PATH | O_DIRECTORY);
    } catch (err) {
      if (failedWith(err, "ENOENT")) return undefined;
      if (failedWith(err, "ENOTDIR") && this.#endsInWhiteout(path)) return undefined;
      if (!failedWith(err, "ENOTDIR", "ELOOP")) throw err;
      throw new InvalidParameterError(`${quoted(path)} is not a folder`, { cause: err });
    }
  }

  /** Where an entry is whose folder is there: the same place by a path without links. */
  realPath(path: LayerPath): LayerPath {
    const { folder, name } = splitPath(path);
    if (folder === "") return name;
    let real = this.#realFolders.get(folder);
    if (real === undefined) {
      const bytes = readlinkSync(`/proc/self/fd/${this.folder(folder)}`, { encoding: "buffer" });
      real = decodeName(bytes.subarray(Buffer.byteLength(this.#rootPath) + 1));
      this.#realFolders.set(folder, real);
    }
    return joinPath(real, name);
  }

  /** Notes that an entry describes this folder. */
  described(folder: number, name: Path): void {
    const status = statAt(folder, name);
    if (status !== undefined) this.#implied.delete(status.inode);
  }

  /**
   * Makes room at `path`: what an earlier entry put there goes, with all below it.
   * @returns whether it was a mark of deletion, which a folder in its place has to go on telling.
   */
  clear(path: LayerPath): boolean {
    const { folder, name } = splitPath(path);
    const parent = this.folder(folder);
    const entry = encodeName(name);
    const status = statAt(parent, entry);
    if (status === undefined) return false;
    const isKept = isFolder(status) || isRegular(status);
    const kept = isKept ? this.#keepReplaced?.(this.realPath(path)) : undefined;
    if (kept !== undefined) renameat2(parent, entry, AT_FDCWD, kept);
    else removeTree(parent, entry);
    // A path through what is gone leads somewhere else now.
    this.#forgetFolders();
    return isWhiteout(status);
  }

  /** Hides what the layers below have in this folder. overlayfs does not look at the mark of a layer's root. */
  setOpaque(path: LayerPath): void {
    lsetxattr(pathOf(this.folder(path), "."), opaqueXattr, Buffer.from("y"));
  }

  #makeImplied(parent: number, path: LayerPath, name: Path): void {
    const before = statAt(parent, name);
    const wasDeleted = before !== undefined && isWhiteout(before);
    if (wasDeleted) unlinkat(parent, name);
    else if (before !== undefined) return;
    mkdirat(parent, name, 0o755);
    const made = statAt(parent, name);
    if (made !== undefined) this.#implied.set(made.inode, path);
    if (wasDeleted) this.setOpaque(path);
  }

  #endsInWhiteout(path: LayerPath): boolean {
    const { folder, name } = splitPath(path);
    const parent = this.existingFolder(folder);
    if (parent === undefined) return true;
    const status = statAt(parent, encodeName(name));
    return status !== undefined && isWhiteout(status);
  }

  #keep(path: LayerPath, fd: number): void {
    const [oldest] = this.#folders.size < maxOpenFolders ? [] : this.#folders;
    if (oldest !== undefined) {
      this.#folders.delete(oldest[0]);
      this.#realFolders.delete(oldest[0]);
      closeFd(oldest[1]);
    }
    this.#folders.set(path, fd);
  }

  #forgetFolders(): void {
    for (const fd of this.#folders.values()) closeFd(fd);
    this.#folders.clear();
    this.#realFolders.clear();
  }
}

/**
 * A path for calls that know no folder descriptors: `name` is one component. The kernel goes straight to the open folder.
 * It means this process, so no other one can use it.
 */
export function pathOf(folder: number, name: Path): string | Buffer {
  const prefix = `/proc/self/fd/${folder}/`;
  return typeof name === "string" ? prefix + name : Buffer.concat([Buffer.from(prefix), name]);
}
