// Where mounts go. LXC refuses links on the way to a mount point, and images are full of them (/var/run, /sbin): so each is
// followed beforehand, by the kernel and inside the container's root, and made where it is missing.
import { readFileSync, readlinkSync, statSync } from "node:fs";
import { posix } from "node:path";
import { SystemError } from "../base/errors.ts";
import type { Mount, RuntimeSpec } from "../spec/oci-runtime.ts";
import { mkdirat, readlinkat } from "../sys/directory-entry.ts";
import { failedWith } from "../sys/errno.ts";
import {
  closeFd,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_WRONLY,
  openFile,
} from "../sys/file.ts";
import { openInRoot } from "../sys/open-in-root.ts";
import type { PlacedMount, PlacedPath } from "./mount-lines.ts";

const linksMax = 40;

/** What lies inside another of the mounts is left to LXC, which makes it there. */
export function placeMounts({ root, mounts }: RuntimeSpec): PlacedMount[] {
  const rootFd = openFile(root.path, O_PATH | O_DIRECTORY);
  try {
    const mountinfo = readFileSync("/proc/self/mountinfo", "utf8");
    return mounts.map((mount, index) => {
      const { destination } = mount;
      const kind = kindOf(mount);
      const isInside = mounts.slice(0, index).some((other) => isBelow(destination, other.destination));
      const target = isInside ? posix.normalize(destination) : mountPoint(rootFd, destination, kind);
      return {
        ...mount,
        kind,
        target,
        below: mount.options?.includes("rro") ? below(mount, target, mountinfo) : [],
      };
    });
  } finally {
    closeFd(rootFd);
  }
}

/** Places that this kernel does not have are left out. */
export function placeMasks({ linux, root }: RuntimeSpec): PlacedPath[] {
  return (linux.maskedPaths ?? []).flatMap((path) => {
    const isKernels = /^\/(proc|sys)\//.test(path);
    const stats = statSync(isKernels ? path : posix.join(root.path, path), { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ path, kind: stats.isDirectory() ? "folder" : "file" } as const];
  });
}

function kindOf({ source = "", options = [] }: Mount): "file" | "folder" {
  const isBind = options.includes("bind") || options.includes("rbind");
  return isBind && !statSync(source).isDirectory() ? "file" : "folder";
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** proc(5) mountinfo: field 5 is the mount point, with octal for what separates. */
function below({ source = "" }: Mount, target: string, mountinfo: string): PlacedMount["below"] {
  const places = mountinfo
    .split("\n")
    .map(
      (line) =>
        line
          .split(" ")[4]
          ?.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))) ?? "",
    );
  return [...new Set(places)]
    .filter((place) => isBelow(place, source))
    .map((place) => ({ source: place, target: posix.join(target, posix.relative(source, place)) }));
}

/** The path of a mount point with no links in it, made if it is missing. */
function mountPoint(root: number, path: string, kind: "file" | "folder", links = 0): string {
  if (path === "/" || path === ".") return "/";
  if (links > linksMax) throw new SystemError(`too many links on the way to ${path}`);
  const there = follow(root, path);
  if (there !== undefined) return there;
  const parent = mountPoint(root, posix.dirname(path), "folder", links);
  const name = posix.basename(path);
  const folder = openInRoot(root, parent, O_PATH | O_DIRECTORY);
  try {
    if (kind === "folder") mkdirat(folder, name, 0o755);
    else closeFd(openInRoot(root, posix.join(parent, name), O_WRONLY | O_CREAT | O_EXCL, 0o644));
    return posix.join(parent, name);
  } catch (err) {
    if (!failedWith(err, "EEXIST")) throw err;
    const link = openInRoot(root, posix.join(parent, name), O_PATH | O_NOFOLLOW);
    try {
      const target = Buffer.from(readlinkat(link, "")).toString();
      return mountPoint(root, posix.resolve("/", parent, target), kind, links + 1);
    } finally {
      closeFd(link);
    }
  } finally {
    closeFd(folder);
  }
}

/** Where a path leads inside the root; `undefined` when there is nothing. */
function follow(root: number, path: string): string | undefined {
  let fd: number;
  try {
    fd = openInRoot(root, path, O_PATH);
  } catch (err) {
    if (failedWith(err, "ENOENT")) return undefined;
    throw err;
  }
  try {
    const top = readlinkSync(`/proc/self/fd/${root}`);
    return posix.resolve("/", posix.relative(top, readlinkSync(`/proc/self/fd/${fd}`)));
  } finally {
    closeFd(fd);
  }
}
