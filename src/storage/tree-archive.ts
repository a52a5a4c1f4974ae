// Writes the archive of a folder, with everything a file can have: owners, modes, times in whole seconds (as Docker's
// archives have them), hard links, devices, extended attributes, holes. The same tree gives the same bytes.
//
// Somebody may be changing the tree meanwhile, a container for instance. Folders are opened by openat2 below the root, and
// a file is told apart from anything else before it is opened for reading: nothing leads out, nothing waits for ever.
import { readdirSync } from "node:fs";
import { AT_EMPTY_PATH, readlinkat, statAt, type EntryStatus } from "../sys/directory-entry.ts";
import { failedWith, type Path } from "../sys/errno.ts";
import {
  closeFd,
  dataExtents,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  openFile,
  readAt,
} from "../sys/file.ts";
import { openInRoot } from "../sys/open-in-root.ts";
import { fgetxattr, flistxattr, lgetxattr, llistxattr } from "../sys/xattr.ts";
import { bytesSource, chunked, type Source } from "./chunks.ts";
import { joinPath, splitPath, type LayerPath } from "./entry-path.ts";
import { isFolder, isRegular, isWhiteout, opaqueXattr, pathOf } from "./layer-tree.ts";
import { decodeName, encodeName } from "./tar-name.ts";
import type { EntryKind, TarEntry } from "./tar-reader.ts";
import type { SparseMap } from "./tar-sparse.ts";
import { archiveEnd, encodeEntry, padding, plainEntry } from "./tar-writer.ts";

export type PackOptions = {
  /** What to pack, below the root; "" (the default) is all of it. A symbolic link at its end is packed as such. */
  readonly path?: LayerPath;
  /** What the entries are called in place of `path`: `etc` gives `etc`, `etc/passwd`…; "" leaves the folder itself out. */
  readonly name?: string;
  /** Write holes as such (GNU's pax format 1.0, which not every program reads); otherwise as zeros. */
  readonly sparse?: boolean;
  /** The folder is the upper one of an overlay: deletions become the marks of a layer's archive. */
  readonly marks?: boolean;
  readonly leaveOut?: (path: LayerPath) => boolean;
};

/** `root`: a descriptor of a folder (O_PATH does), that stays open until the archive is complete. */
export function packTree(root: number, options: PackOptions = {}): Generator<Uint8Array> {
  return chunked(new Packer(root, options).sources());
}

/** A hole saves something only where it is larger than its line in the map. */
const leastHoleBytes = 64 << 10;
/** Readers, ours too, take no map without end. */
const mostExtents = 10_000;

class Packer {
  readonly #root: number;
  readonly #options: PackOptions;
  /** Names of files that have several, by inode. */
  readonly #linked = new Map<string, string>();

  constructor(root: number, options: PackOptions) {
    this.#root = root;
    this.#options = options;
  }

  *sources(): Generator<Source> {
    const { path = "", name = "" } = this.#options;
    const { folder, name: last } = splitPath(path);
    const parent = openInRoot(this.#root, encodeName(folder || "."), O_PATH | O_DIRECTORY);
    try {
      const status = statAt(parent, encodeName(last || "."));
      if (status !== undefined && isFolder(status)) yield* this.#folder(path, name);
      else if (status !== undefined) yield* this.#other(parent, encodeName(last), status, name);
    } finally {
      closeFd(parent);
    }
    yield bytesSource(archiveEnd());
  }

  /** A folder's files, then its folders: only one of them is open at a time. */
  *#folder(path: LayerPath, name: string): Generator<Source> {
    const fd = this.#open(path);
    if (fd === undefined) return;
    const folders: string[] = [];
    try {
      yield* this.#folderEntry(fd, name);
      const children = readdirSync(`/proc/self/fd/${fd}`, { encoding: "buffer" }).sort((a, b) =>
        a.compare(b),
      );
      for (const bytes of children) {
        const child = decodeName(bytes);
        if (this.#options.leaveOut?.(joinPath(path, child)) === true) continue;
        const status = statAt(fd, bytes);
        if (status === undefined) continue;
        if (isFolder(status)) folders.push(child);
        else yield* this.#other(fd, bytes, status, joinName(name, child));
      }
    } finally {
      closeFd(fd);
    }
    for (const child of folders) yield* this.#folder(joinPath(path, child), joinName(name, child));
  }

  /** `undefined` for what was a folder a moment ago. */
  #open(path: LayerPath): number | undefined {
    try {
      return openInRoot(this.#root, encodeName(path || "."), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    } catch (err) {
      if (path !== this.#options.path && failedWith(err, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
      throw err;
    }
  }

  *#folderEntry(fd: number, name: string): Generator<Source> {
    const status = statAt(fd, "", AT_EMPTY_PATH);
    if (status === undefined) return;
    const xattrs = xattrsOf(flistxattr(fd), (key) => fgetxattr(fd, key));
    if (name !== "")
      yield bytesSource(
        encodeEntry({ ...entryOf(status, "directory", `${name.replace(/\/$/, "")}/`), xattrs }),
      );
    if (this.#options.marks === true && fgetxattr(fd, opaqueXattr)?.at(0) === opaque)
      yield bytesSource(encodeEntry(markOf(status, joinName(name, ".wh..wh..opq"))));
  }

  *#other(parent: number, child: Path, status: EntryStatus, name: string): Generator<Source> {
    if (this.#options.marks === true && isWhiteout(status)) {
      const { folder, name: deleted } = splitPath(name);
      yield bytesSource(encodeEntry(markOf(status, joinPath(folder, `.wh.${deleted}`))));
      return;
    }
    if (isRegular(status)) {
      yield* this.#file(parent, child, name);
      return;
    }
    const entry = specialEntry(parent, child, status, name);
    if (entry !== undefined) yield bytesSource(encodeEntry(entry));
  }

  *#file(parent: number, child: Path, name: string): Generator<Source> {
    using file = openRegular(parent, child);
    if (file === undefined) return;
    const { fd, status } = file;
    const entry = entryOf(status, "file", name);
    const inode = `${status.filesystem} ${status.inode}`;
    const target = status.nlink > 1 ? this.#linked.get(inode) : undefined;
    if (target !== undefined) {
      yield bytesSource(encodeEntry({ ...entry, kind: "hardlink", target }));
      return;
    }
    if (status.nlink > 1) this.#linked.set(inode, name);
    const xattrs = xattrsOf(flistxattr(fd), (key) => fgetxattr(fd, key));
    const whole = { offset: 0, sizeBytes: status.sizeBytes };
    const sparse = this.#options.sparse === true ? holesOf(fd, status) : undefined;
    const extents = sparse?.extents ?? [whole];
    const sizeBytes = extents.reduce((sum, extent) => sum + extent.sizeBytes, 0);
    const map = sparse === undefined ? {} : { sparse };
    yield bytesSource(encodeEntry({ ...entry, sizeBytes, xattrs, ...map }));
    for (const extent of extents)
      yield {
        sizeBytes: extent.sizeBytes,
        fill: (target_, at) => readOrZeros(fd, target_, extent.offset + at),
      };
    yield bytesSource(padding(sizeBytes));
  }
}

const S_IFMT = 0o170000;
const kinds: ReadonlyMap<number, EntryKind> = new Map([
  [0o120000, "symlink"],
  [0o020000, "char"],
  [0o060000, "block"],
  [0o010000, "fifo"],
]);
const opaque = "y".charCodeAt(0);

function joinName(folder: string, name: string): string {
  return folder === "" || folder.endsWith("/") ? folder + name : `${folder}/${name}`;
}

function entryOf(status: EntryStatus, kind: EntryKind, path: string): TarEntry {
  const modifiedNs = wholeSeconds(status.modifiedNs);
  const { uid, gid } = status;
  const device = kind === "char" || kind === "block";
  return {
    ...plainEntry,
    path,
    kind,
    mode: kind === "symlink" ? 0o777 : status.mode & 0o7777,
    uid,
    gid,
    modifiedNs,
    accessedNs: modifiedNs,
    deviceMajor: device ? status.deviceMajor : 0,
    deviceMinor: device ? status.deviceMinor : 0,
  };
}

/** A mark of deletion: an empty file of root's. */
function markOf(status: EntryStatus, path: string): TarEntry {
  const modifiedNs = wholeSeconds(status.modifiedNs);
  return { ...plainEntry, path, mode: 0o600, modifiedNs, accessedNs: modifiedNs };
}

const nsPerSecond = 1_000_000_000n;

function wholeSeconds(ns: bigint): bigint {
  return ns - (((ns % nsPerSecond) + nsPerSecond) % nsPerSecond);
}

/** overlayfs's own marks and the labels of the host's SELinux mean nothing elsewhere. */
const hostsOwn = /^(?:trusted\.overlay\.|user\.overlay\.|security\.selinux$)/;

function xattrsOf(
  names: readonly string[],
  get: (name: string) => Uint8Array | undefined,
): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const name of names.toSorted()) {
    const value = hostsOwn.test(name) ? undefined : get(name);
    if (value !== undefined) found.set(name, value.slice());
  }
  return found;
}

/** `undefined` for what has no place in an archive (a socket), and for what has become something else a moment ago. */
function specialEntry(parent: number, child: Path, status: EntryStatus, name: string): TarEntry | undefined {
  const kind = kinds.get(status.mode & S_IFMT);
  if (kind === undefined) return undefined;
  try {
    const target = kind === "symlink" ? decodeName(readlinkat(parent, child)) : "";
    const place = pathOf(parent, child);
    const xattrs = xattrsOf(llistxattr(place), (key) => lgetxattr(place, key));
    return { ...entryOf(status, kind, name), target, xattrs };
  } catch (err) {
    if (failedWith(err, "ENOENT", "EINVAL")) return undefined;
    throw err;
  }
}

type RegularFile = Disposable & { readonly fd: number; readonly status: EntryStatus };

/** Opened for reading only when it is seen to be a file: opening a device or a FIFO can do things. */
function openRegular(parent: number, child: Path): RegularFile | undefined {
  let seen: number;
  try {
    seen = openInRoot(parent, child, O_PATH | O_NOFOLLOW);
  } catch (err) {
    if (failedWith(err, "ENOENT")) return undefined;
    throw err;
  }
  try {
    const status = statAt(seen, "", AT_EMPTY_PATH);
    if (status === undefined || !isRegular(status)) return undefined;
    const fd = openFile(`/proc/self/fd/${seen}`, O_RDONLY | O_NONBLOCK);
    return { fd, status, [Symbol.dispose]: () => closeFd(fd) };
  } finally {
    closeFd(seen);
  }
}

/** The map of a file that has holes worth telling. */
function holesOf(fd: number, { sizeBytes, allocatedBytes }: EntryStatus): SparseMap | undefined {
  if (sizeBytes - allocatedBytes < leastHoleBytes) return undefined;
  const extents = dataExtents(fd)
    .filter(({ offset }) => offset < sizeBytes)
    .map(({ offset, sizeBytes: length }) => ({ offset, sizeBytes: Math.min(length, sizeBytes - offset) }));
  return extents.length > mostExtents ? undefined : { fileBytes: sizeBytes, extents };
}

/** The header has said how long the file is: what it has lost since is zeros. */
function readOrZeros(fd: number, target: Uint8Array, position: number): void {
  for (let done = 0; done < target.length;) {
    const got = readAt(fd, target, done, target.length - done, position + done);
    if (got === 0) {
      target.fill(0, done);
      return;
    }
    done += got;
  }
}
