// Files of a container out of it and into it, as archives: `docker cp`.
import { dirname } from "node:path";
import { InvalidParameterError, NotFoundError } from "../base/errors.ts";
import type { ContainerRecord } from "../containers/record.ts";
import type { PathStat } from "../spec/docker.ts";
import type { ByteSource } from "../storage/byte-reader.ts";
import { decompressed } from "../storage/compression.ts";
import { isFolder } from "../storage/layer-tree.ts";
import { encodeName } from "../storage/tar-name.ts";
import { TarReader } from "../storage/tar-reader.ts";
import { packTree } from "../storage/tree-archive.ts";
import { unpackInto } from "../storage/unpack-into.ts";
import { AT_EMPTY_PATH, statAt } from "../sys/directory-entry.ts";
import { failedWith } from "../sys/errno.ts";
import { closeFd, O_DIRECTORY, O_PATH } from "../sys/file.ts";
import { openInRoot } from "../sys/open-in-root.ts";
import { openView } from "./container-view.ts";
import { publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { archivePath, entryName, pathInView, statPath } from "./path-stat.ts";
import { userIn } from "./rootfs.ts";

/** NotFoundError where there is nothing. */
export async function statContainerPath(engine: Engine, ref: string, path: string): Promise<PathStat> {
  await using view = await openView(engine, ref, { withMounts: true });
  return found(ref, path, () => statPath(view.fd, archivePath(path))).stat;
}

export type PathArchive = {
  readonly stat: PathStat;
  /** To be read to its end or closed: the container's files are held until then. */
  readonly chunks: AsyncGenerator<Uint8Array>;
};

/**
 * One entry named like the last part of `path`, and all below it. Of a link that is the link itself, unless the path ends
 * in a slash; of a path that ends in `/.` it is what is in the folder.
 */
export async function readContainerPath(engine: Engine, ref: string, path: string): Promise<PathArchive> {
  const view = await openView(engine, ref, { withMounts: true });
  try {
    const whole = archivePath(path);
    const { stat, status } = found(ref, path, () => statPath(view.fd, whole));
    const folder = isFolder(status);
    const root = openInRoot(view.fd, encodeName(folder ? whole : dirname(whole)), O_PATH | O_DIRECTORY);
    const name = entryName(whole);
    publishContainerEvent(engine, view.record, "archive-path");
    return {
      stat,
      chunks: (async function* () {
        try {
          yield* packTree(root, folder ? { name } : { name, path: name });
        } finally {
          closeFd(root);
          await view[Symbol.asyncDispose]();
        }
      })(),
    };
  } catch (err) {
    await view[Symbol.asyncDispose]();
    throw err;
  }
}

export type WriteOptions = {
  /** Refuse to put a file in place of a folder, or a folder in place of anything else. */
  readonly keepKinds: boolean;
  /** Everything belongs to the container's user. */
  readonly toContainerUser: boolean;
};

/** Unpacks an archive, compressed or not, into the folder at `path`, which may be a link to one. */
export async function writeContainerPath(
  engine: Engine,
  ref: string,
  path: string,
  archive: ByteSource,
  { keepKinds, toContainerUser }: WriteOptions,
): Promise<void> {
  await using view = await openView(engine, ref, { withMounts: true });
  const { fd, record } = view;
  const place = found(ref, path, () => folderAt(fd, archivePath(path)));
  refuseReadOnly(record, place);
  const user = toContainerUser && record.config.User !== "" ? userIn(fd, record.config.User) : undefined;
  const reader = new TarReader(decompressed(archive));
  try {
    await unpackInto(reader, `/proc/self/fd/${fd}`, {
      into: place.slice(1),
      keepKinds,
      ...(user === undefined ? {} : { owner: { uid: user.uid, gid: user.gid } }),
    });
    await reader.drain();
  } finally {
    await reader.close();
  }
  publishContainerEvent(engine, record, "extract-to-dir");
}

/** The path of a folder in the view, links followed. */
function folderAt(root: number, path: string): string {
  const fd = openInRoot(root, encodeName(path), O_PATH);
  try {
    const status = statAt(fd, "", AT_EMPTY_PATH);
    if (status === undefined || !isFolder(status))
      throw new InvalidParameterError("extraction point is not a directory");
    return pathInView(fd);
  } finally {
    closeFd(fd);
  }
}

/** The kernel would refuse a read-only mount, too; the root is read-only to the container alone. */
function refuseReadOnly({ mounts, hostConfig }: ContainerRecord, path: string): void {
  const [mounted] = mounts
    .filter(({ Type }) => Type !== "tmpfs")
    .filter(({ Destination }) => path === Destination || path.startsWith(`${Destination}/`))
    .toSorted((a, b) => b.Destination.length - a.Destination.length);
  if (mounted !== undefined && !mounted.RW)
    throw new InvalidParameterError("mounted volume is marked read-only");
  if (mounted === undefined && hostConfig.ReadonlyRootfs)
    throw new InvalidParameterError("container rootfs is marked read-only");
}

function found<T>(ref: string, path: string, look: () => T): T {
  try {
    return look();
  } catch (err) {
    if (failedWith(err, "ENOENT"))
      throw new NotFoundError(`Could not find the file ${path} in container ${ref}`);
    throw err;
  }
}
