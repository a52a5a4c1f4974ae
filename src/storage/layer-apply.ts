// Unpacks a layer's archive into a folder, with everything a file can have: owners, modes, times, links, devices,
// extended attributes. Deletions become what overlayfs understands. Where the entries may not lead is layer-tree.ts's part.
import { writeSync } from "node:fs";
import { InvalidParameterError, SystemError } from "../base/errors.ts";
import {
  fchmod,
  fchmodat,
  fchown,
  fchownat,
  futimens,
  linkat,
  makeDevice,
  mkdirat,
  mknodat,
  statAt,
  symlinkat,
  utimensat,
} from "../sys/directory-entry.ts";
import { failedWith, SyscallError, type Path } from "../sys/errno.ts";
import { closeFd, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY, truncate, writeAll } from "../sys/file.ts";
import { openInRoot } from "../sys/open-in-root.ts";
import { fsetxattr, lsetxattr } from "../sys/xattr.ts";
import { cleanPath, placeOf, quoted, splitPath, type LayerPath, type Place } from "./entry-path.ts";
import { isFolder, isWhiteout, LayerTree, pathOf, S_IFCHR, type KeepReplaced } from "./layer-tree.ts";
import { encodeName } from "./tar-name.ts";
import type { TarEntry, TarReader } from "./tar-reader.ts";
import type { Extent, SparseMap } from "./tar-sparse.ts";

const S_IFBLK = 0o060000;
const S_IFIFO = 0o010000;

/** The kernel takes the largest number for "leave the owner alone". */
const maxOwner = 0xffff_fffe;

export type AppliedLayer = {
  /** Sum of the files' sizes, holes included: what Docker calls the size of a layer. */
  readonly sizeBytes: number;
  readonly entries: number;
  /** Folders that no entry describes, by inode: the layers below give them owner, mode and times. */
  readonly implied: ReadonlyMap<bigint, LayerPath>;
  /** Where something of the layers below is deleted. */
  readonly whiteouts: readonly LayerPath[];
  /** Everything of the layers below is deleted. */
  readonly opaqueRoot: boolean;
};

/** Who wants to know where the contents of the archive went. */
export type ApplyWatcher = {
  /** These pieces of the file at `path` (no part of it is a link) were the entry's body. */
  readonly body: (path: LayerPath, extents: readonly Extent[]) => void;
  readonly keepReplaced: KeepReplaced;
};

/**
 * Reads `archive` to its end. `folder` exists, is empty and nobody else writes to it.
 * @throws InvalidParameterError for an archive that is damaged or leads out of the folder; SystemError when the machine
 * cannot do it (no space). What was unpacked until then stays: the caller removes it.
 */
export async function applyLayer(
  archive: TarReader,
  folder: string,
  watcher?: ApplyWatcher,
): Promise<AppliedLayer> {
  using tree = new LayerTree(folder, watcher?.keepReplaced);
  const applier = new Applier(tree, archive, layerRules, watcher);
  await applyAll(archive, applier);
  return applier.result();
}

/** Reads an archive to its end. */
export async function applyAll(archive: TarReader, applier: Applier): Promise<void> {
  for (let entry = await archive.next(); entry !== undefined; entry = await archive.next()) {
    try {
      await applier.apply(entry);
    } catch (err) {
      throw entryError(entry, err);
    }
  }
  applier.setFolderTimes();
}

/** What entries mean, and what may take whose place. */
export type Rules = {
  readonly placeOf: (entryPath: string) => Place;
  /** Where the target of a hard link is. */
  readonly targetOf: (target: string) => LayerPath;
  /** Refuse to put a file in place of a folder, or a folder in place of anything else. */
  readonly keepKinds: boolean;
  /** Instead of the archive's owners. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** There may be folders that hand down their group. */
  readonly inUse: boolean;
};

const layerRules: Rules = { placeOf, targetOf: cleanPath, keepKinds: false, inUse: false };

export class Applier {
  readonly #tree: LayerTree;
  readonly #archive: TarReader;
  readonly #rules: Rules;
  readonly #watcher: ApplyWatcher | undefined;
  readonly #folderTimes = new Map<LayerPath, TarEntry>();
  readonly #whiteouts: LayerPath[] = [];
  #opaqueRoot = false;
  /** A new file belongs to root, unless its folder hands down its group. */
  #groupsAreHandedDown: boolean;
  #sizeBytes = 0;
  #entries = 0;

  constructor(tree: LayerTree, archive: TarReader, rules: Rules, watcher?: ApplyWatcher) {
    this.#tree = tree;
    this.#archive = archive;
    this.#rules = rules;
    this.#groupsAreHandedDown = rules.inUse;
    this.#watcher = watcher;
  }

  async apply(entryAsWritten: TarEntry): Promise<void> {
    this.#entries++;
    const entry =
      this.#rules.owner === undefined ? entryAsWritten : { ...entryAsWritten, ...this.#rules.owner };
    const place = this.#rules.placeOf(entry.path);
    switch (place.kind) {
      case "entry":
        if (entry.uid > maxOwner || entry.gid > maxOwner)
          throw new InvalidParameterError(`owner ${entry.uid}:${entry.gid} is out of range`);
        await this.#entry(entry, place.path);
        return;
      case "whiteout":
        this.#whiteout(place.path);
        return;
      case "opaque":
        if (place.folder === "") this.#opaqueRoot = true;
        else this.#tree.setOpaque(place.folder);
        return;
      case "ignored":
    }
  }

  /** A folder's time changes with every entry in it, so these come last. */
  setFolderTimes(): void {
    for (const [path, { accessedNs, modifiedNs }] of this.#folderTimes) {
      const { folder, name } = splitPath(path);
      const parent = this.#tree.existingFolder(folder);
      const child = encodeName(name || ".");
      // A later entry may have put something else in its place.
      const status = parent === undefined ? undefined : statAt(parent, child);
      if (parent !== undefined && status !== undefined && isFolder(status))
        utimensat(parent, child, accessedNs, modifiedNs);
    }
  }

  result(): AppliedLayer {
    return {
      sizeBytes: this.#sizeBytes,
      entries: this.#entries,
      implied: this.#tree.implied,
      whiteouts: this.#whiteouts,
      opaqueRoot: this.#opaqueRoot,
    };
  }

  async #entry(entry: TarEntry, path: LayerPath): Promise<void> {
    if (path === "" && entry.kind !== "directory")
      throw new InvalidParameterError(`a ${entry.kind} cannot be the root`);
    switch (entry.kind) {
      case "file":
        await this.#file(entry, path);
        return;
      case "directory":
        this.#directory(entry, path);
        return;
      case "hardlink":
        this.#hardlink(entry, path);
        return;
      case "symlink": {
        if (entry.target === "") throw new InvalidParameterError("a symbolic link to nothing");
        const target = encodeName(entry.target);
        this.#place(path, (folder, name) => symlinkat(target, folder, name));
        this.#attributes(entry, path);
        return;
      }
      case "char":
      case "block":
      case "fifo": {
        const type = { char: S_IFCHR, block: S_IFBLK, fifo: S_IFIFO }[entry.kind];
        const device = entry.kind === "fifo" ? 0n : makeDevice(entry.deviceMajor, entry.deviceMinor);
        this.#place(path, (folder, name) => mknodat(folder, name, type | 0o600, device));
        this.#attributes(entry, path);
      }
    }
  }

  async #file(entry: TarEntry, path: LayerPath): Promise<void> {
    const fd = this.#place(path, (folder, name) =>
      openInRoot(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600),
    );
    try {
      if (entry.sparse === undefined) await this.#copyBody(fd);
      else await this.#copyPieces(fd, entry.sparse);
      if (this.#hasOwner(entry)) fchown(fd, entry.uid, entry.gid);
      fchmod(fd, entry.mode);
      // After the owner: a change of it takes the capabilities of a file away.
      setXattrs(entry, (name, value) => fsetxattr(fd, name, value));
      futimens(fd, entry.accessedNs, entry.modifiedNs);
    } finally {
      closeFd(fd);
    }
    this.#sizeBytes += entry.sparse?.fileBytes ?? entry.sizeBytes;
    if (this.#watcher === undefined || entry.sizeBytes === 0) return;
    const extents = entry.sparse?.extents ?? [{ offset: 0, sizeBytes: entry.sizeBytes }];
    this.#watcher.body(this.#tree.realPath(path), extents);
  }

  async #copyBody(fd: number): Promise<void> {
    for (let piece = await this.#archive.read(); piece !== undefined; piece = await this.#archive.read())
      writeAll(fd, piece);
  }

  async #copyPieces(fd: number, { fileBytes, extents }: SparseMap): Promise<void> {
    let piece = await this.#archive.read();
    for (const { offset, sizeBytes } of extents) {
      for (let done = 0; done < sizeBytes && piece !== undefined;) {
        const wanted = Math.min(piece.length, sizeBytes - done);
        const written = writeSync(fd, piece, 0, wanted, offset + done);
        done += written;
        piece = written < piece.length ? piece.subarray(written) : await this.#archive.read();
      }
    }
    truncate(fd, fileBytes);
  }

  #directory(entry: TarEntry, path: LayerPath): void {
    if (path !== "") {
      const { folder, name } = splitPath(path);
      const there = statAt(this.#tree.folder(folder), encodeName(name));
      if (there === undefined || !isFolder(there)) {
        if (there !== undefined && this.#rules.keepKinds)
          throw new InvalidParameterError(
            `cannot overwrite non-directory ${quoted(`/${path}`)} with a directory`,
          );
        const wasDeleted = there !== undefined && isWhiteout(there);
        this.#place(path, (parent, child) => mkdirat(parent, child, 0o700));
        if (wasDeleted) this.#tree.setOpaque(path);
      }
    }
    this.#attributes(entry, path);
    const { folder, name } = splitPath(path);
    this.#tree.described(this.#tree.folder(folder), encodeName(name || "."));
    this.#folderTimes.set(path, entry);
    if ((entry.mode & 0o2000) !== 0) this.#groupsAreHandedDown = true;
  }

  #hardlink(entry: TarEntry, path: LayerPath): void {
    const target = splitPath(this.#rules.targetOf(entry.target));
    const targetFolder = this.#tree.open(target.folder);
    const missing = `a hard link to ${quoted(entry.target)}, which is not in the layer`;
    if (targetFolder === undefined) throw new InvalidParameterError(missing);
    try {
      const targetName = encodeName(target.name || ".");
      const status = statAt(targetFolder, targetName);
      if (status === undefined || isWhiteout(status)) throw new InvalidParameterError(missing);
      if (isFolder(status))
        throw new InvalidParameterError(`a hard link to the folder ${quoted(entry.target)}`);
      const { folder, name } = splitPath(path);
      const there = statAt(this.#tree.folder(folder), encodeName(name));
      // The same file already: clearing the place would be the end of it.
      if (there?.inode === status.inode) return;
      this.#place(path, (parent, child) => linkat(targetFolder, targetName, parent, child));
    } finally {
      closeFd(targetFolder);
    }
  }

  /** Something that this layer has itself is not deleted by it: only what the layers below have under that name. */
  #whiteout(path: LayerPath): void {
    const { folder, name } = splitPath(path);
    const parent = this.#tree.folder(folder);
    const there = statAt(parent, encodeName(name));
    if (there === undefined) mknodat(parent, encodeName(name), S_IFCHR, 0n);
    else if (isFolder(there)) this.#tree.setOpaque(path);
    this.#whiteouts.push(path);
  }

  /** Makes an entry by `make`, which fails where there is one already: then that one goes. */
  #place<T>(path: LayerPath, make: (folder: number, name: Path) => T): T {
    const { folder, name } = splitPath(path);
    try {
      return make(this.#tree.folder(folder), encodeName(name));
    } catch (err) {
      if (!failedWith(err, "EEXIST")) throw err;
    }
    const there = statAt(this.#tree.folder(folder), encodeName(name));
    if (this.#rules.keepKinds && there !== undefined && isFolder(there))
      throw new InvalidParameterError(
        `cannot overwrite directory ${quoted(`/${path}`)} with a non-directory`,
      );
    this.#tree.clear(path);
    return make(this.#tree.folder(folder), encodeName(name));
  }

  /** Of everything but regular files, by name: the entry was just made, or seen not to be a link. */
  #attributes(entry: TarEntry, path: LayerPath): void {
    const { folder, name } = splitPath(path);
    const parent = this.#tree.folder(folder);
    const child = encodeName(name || ".");
    if (this.#hasOwner(entry) || entry.kind === "directory") fchownat(parent, child, entry.uid, entry.gid);
    if (entry.kind !== "symlink") fchmodat(parent, child, entry.mode);
    setXattrs(entry, (key, value) => lsetxattr(pathOf(parent, child), key, value));
    if (entry.kind !== "directory") utimensat(parent, child, entry.accessedNs, entry.modifiedNs);
  }

  #hasOwner({ uid, gid }: TarEntry): boolean {
    return uid !== 0 || gid !== 0 || this.#groupsAreHandedDown;
  }
}

/** overlayfs keeps its own marks in these: an archive could point them at what it likes. */
const reserved = /^(?:trusted|user)\.overlay\./;

/** What the file system does not know or does not allow on this kind of file is left out, as Docker does. */
function setXattrs({ xattrs }: TarEntry, set: (name: string, value: Uint8Array) => void): void {
  for (const [name, value] of xattrs) {
    if (reserved.test(name)) continue;
    try {
      set(name, value);
    } catch (err) {
      if (!failedWith(err, "EOPNOTSUPP", "EPERM")) throw err;
    }
  }
}

/** Adds which entry it was. What no file system would take is the archive's fault, the rest the machine's. */
function entryError(entry: TarEntry, err: unknown): unknown {
  const subject = `cannot unpack ${quoted(entry.path)}`;
  if (err instanceof InvalidParameterError)
    return new InvalidParameterError(`${subject}: ${err.message}`, { cause: err });
  if (!(err instanceof SyscallError)) return err;
  const message = `${subject}: ${err.message}`;
  return failedWith(err, "ENAMETOOLONG", "ELOOP", "ENOTDIR", "EINVAL", "EFBIG", "ERANGE", "E2BIG")
    ? new InvalidParameterError(message, { cause: err })
    : new SystemError(message, { cause: err });
}
