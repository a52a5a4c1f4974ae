// A container's file system as its program sees it, whether it runs or not: the root, its volumes and bind mounts, the
// files that it has from us. Not what the kernel or the program itself mounted there (proc, tmpfs), as in Docker.
//
// The view is a copy of these mounts that exists behind one descriptor and nowhere else. Whatever is opened below it by
// openat2 stays inside, whoever changes links and folders meanwhile, and it vanishes with the descriptor, even by a crash.
import { constants, existsSync, fstatSync } from "node:fs";
import { ConflictError, SystemError } from "../base/errors.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { isUp } from "../containers/state.ts";
import { unmountAll } from "../storage/overlay.ts";
import { mkdirat, mknodat } from "../sys/directory-entry.ts";
import { failedWith } from "../sys/errno.ts";
import { closeFd, O_DIRECTORY, O_PATH, openFile } from "../sys/file.ts";
import {
  cloneMounts,
  mount,
  MS_BIND,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_REMOUNT,
  setPropagation,
} from "../sys/mount.ts";
import { openOwnMounts, withCopyOfMounts } from "../sys/namespace.ts";
import { openInRoot } from "../sys/open-in-root.ts";
import { openSubpath } from "../volumes/volume-subpath.ts";
import type { Engine } from "./engine.ts";
import { networkFilesOf } from "./network-files.ts";
import { containerRootfs, makeFolders, mountRootfs } from "./rootfs.ts";
import { holdVolumes } from "./volumes.ts";

export type ContainerView = AsyncDisposable & {
  /** The root folder (O_PATH). */
  readonly fd: number;
  readonly record: ContainerRecord;
};

/** `withMounts: false` leaves volumes and all else that is mounted into the root out. */
export async function openView(
  engine: Engine,
  ref: string,
  options: { readonly withMounts: boolean },
): Promise<ContainerView> {
  const { id } = engine.containers.find(ref);
  return await engine.locks.run(id, async () => {
    const record = engine.containers.find(id);
    if (record.state.status === "removing" || record.state.status === "dead")
      throw new ConflictError(`container ${id} is marked for removal`);
    engine.rootfsHolds.add(id);
    const holder = `view of ${id}`;
    try {
      if (options.withMounts) await holdVolumes(engine, record, holder);
      mountRootfs(engine, record);
      const fd = cloneRootfs(engine, record, options.withMounts ? mountsOf(engine, record) : []);
      return {
        fd,
        record,
        [Symbol.asyncDispose]: async () => {
          closeFd(fd);
          await engine.locks.run(id, () => letGo(engine, id));
        },
      };
    } catch (err) {
      await letGo(engine, id);
      throw err;
    } finally {
      await engine.volumeMounts.letGo(holder); // the view has copies of the mounts
    }
  });
}

async function letGo(engine: Engine, id: string): Promise<void> {
  engine.rootfsHolds.drop(id);
  const record = engine.containers.get(id);
  if (!engine.rootfsHolds.isHeld(id) && record !== undefined && !isUp(record.state))
    await unmountAll(containerRootfs(engine, id));
}

type ViewMount = {
  readonly source: string;
  /** The place inside that is mounted, without what is mounted below it. */
  readonly subpath?: string | undefined;
  readonly target: string;
  readonly readOnly: boolean;
};

/** Folders before what lies in them. */
function mountsOf(engine: Engine, record: ContainerRecord): ViewMount[] {
  const { id, mounts, subpaths = {}, hostConfig } = record;
  const taken = new Set(mounts.map(({ Destination }) => Destination));
  const { hostname, hosts, resolvConf } = networkFilesOf(engine.containers.folder(id));
  const readOnly = hostConfig.ReadonlyRootfs;
  const own = [
    { source: hostname, target: "/etc/hostname", readOnly },
    { source: hosts, target: "/etc/hosts", readOnly },
    { source: resolvConf, target: "/etc/resolv.conf", readOnly },
  ];
  const asked = mounts
    .filter(({ Type }) => Type === "bind" || Type === "volume")
    .map(({ Source, Destination, RW }) => ({
      source: Source,
      subpath: subpaths[Destination],
      target: Destination,
      readOnly: !RW,
    }));
  // Ours are made at the first start.
  const there = own.filter(({ source, target }) => !taken.has(target) && existsSync(source));
  return [...there, ...asked].toSorted((a, b) => (a.target < b.target ? -1 : 1));
}

/** Synchronous: this thread is in another mount namespace meanwhile. */
function cloneRootfs(engine: Engine, { id }: ContainerRecord, mounts: readonly ViewMount[]): number {
  const rootfs = containerRootfs(engine, id);
  if (mounts.length === 0) return cloneMounts(rootfs);
  const home = openOwnMounts();
  try {
    return withCopyOfMounts(home, () => {
      // Nothing of what follows is seen in other namespaces.
      setPropagation("/", MS_REC | MS_PRIVATE);
      const root = openFile(rootfs, O_PATH | O_DIRECTORY);
      try {
        for (const wanted of mounts) bind(root, wanted);
      } finally {
        closeFd(root);
      }
      return cloneMounts(rootfs);
    });
  } finally {
    closeFd(home);
  }
}

function bind(root: number, wanted: ViewMount): void {
  const { subpath, target, readOnly } = wanted;
  const source = openSource(wanted);
  try {
    const place = openPlace(root, target, fstatSync(source).isDirectory());
    try {
      const flags = subpath === undefined ? MS_BIND | MS_REC : MS_BIND;
      mount(`/proc/self/fd/${source}`, `/proc/self/fd/${place}`, "", flags);
    } finally {
      closeFd(place);
    }
  } finally {
    closeFd(source);
  }
  if (!readOnly) return;
  // What is opened now is the mount itself: only that can be remounted.
  const mounted = openInRoot(root, target, O_PATH);
  try {
    mount("", `/proc/self/fd/${mounted}`, "", MS_REMOUNT | MS_BIND | MS_RDONLY);
  } finally {
    closeFd(mounted);
  }
}

function openSource({ source, subpath, target }: ViewMount): number {
  if (subpath !== undefined) return openSubpath(source, subpath);
  try {
    return openFile(source, O_PATH);
  } catch (err) {
    if (!failedWith(err, "ENOENT", "ENOTDIR")) throw err;
    throw new SystemError(`cannot mount ${source} on ${target}: it does not exist`);
  }
}

/** What is mounted on, made where it is missing: the container has never been started. */
function openPlace(root: number, path: string, isFolder: boolean): number {
  try {
    return openInRoot(root, path, O_PATH);
  } catch (err) {
    if (!failedWith(err, "ENOENT")) throw err;
  }
  const slash = path.lastIndexOf("/");
  makeFolders(root, path.slice(0, slash) || "/");
  const parent = openInRoot(root, path.slice(0, slash) || "/", O_PATH | O_DIRECTORY);
  try {
    if (isFolder) mkdirat(parent, path.slice(slash + 1), 0o755);
    else mknodat(parent, path.slice(slash + 1), constants.S_IFREG | 0o644, 0n);
  } finally {
    closeFd(parent);
  }
  return openInRoot(root, path, O_PATH);
}
