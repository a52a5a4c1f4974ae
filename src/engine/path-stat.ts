// What the archive calls tell of a path in a container, in Go's terms.
import { basename, dirname, join } from "node:path";
import { readlinkSync } from "node:fs";
import type { PathStat } from "../spec/docker.ts";
import { decodeName, encodeName } from "../storage/tar-name.ts";
import { AT_EMPTY_PATH, readlinkat, statAt, type EntryStatus } from "../sys/directory-entry.ts";
import { failedWith } from "../sys/errno.ts";
import { closeFd, O_NOFOLLOW, O_PATH } from "../sys/file.ts";
import { openInRoot } from "../sys/open-in-root.ts";

/** Absolute and without dots, but for a `/` or `/.` at its end: with those a link means what it points to. */
export function archivePath(path: string): string {
  const clean = join("/", path).replace(/(.)\/$/, "$1");
  if (clean === "/") return clean;
  if (path === "." || path.endsWith("/.")) return `${clean}/.`;
  return path.endsWith("/") ? `${clean}/` : clean;
}

/** The name of the archive's first entry. */
export function entryName(path: string): string {
  return path === "/" ? path : path.endsWith("/.") ? "." : basename(path);
}

/** Of the entry itself: a link is not followed, unless the path ends in a slash. SyscallError where there is none. */
export function statPath(
  root: number,
  path: string,
): { readonly stat: PathStat; readonly status: EntryStatus } {
  const fd = openInRoot(root, encodeName(path), O_PATH | O_NOFOLLOW);
  try {
    const status = statAt(fd, "", AT_EMPTY_PATH);
    if (status === undefined) throw new Error("an open file has no status");
    const isLink = (status.mode & S_IFMT) === S_IFLNK;
    const stat = {
      name: entryName(path),
      size: status.sizeBytes,
      mode: goMode(status.mode),
      mtime: rfc3339(status.modifiedNs),
      linkTarget: isLink ? linkTarget(root, path, decodeName(readlinkat(fd, ""))) : "",
    };
    return { stat, status };
  } finally {
    closeFd(fd);
  }
}

/** The path of an open file below the root of its view. */
export function pathInView(fd: number): string {
  return decodeName(readlinkSync(`/proc/self/fd/${fd}`, { encoding: "buffer" }));
}

/** Where a link leads at last; of a broken one, where it points. */
function linkTarget(root: number, path: string, target: string): string {
  try {
    const fd = openInRoot(root, encodeName(path), O_PATH);
    try {
      return pathInView(fd);
    } finally {
      closeFd(fd);
    }
  } catch (err) {
    if (!failedWith(err, "ENOENT", "ENOTDIR", "ELOOP")) throw err;
    return join("/", target.startsWith("/") ? target : join(dirname(path), target));
  }
}

const S_IFMT = 0o170000;
const S_IFLNK = 0o120000;

/** The bits of Go's os.FileMode by those of Linux. */
const kinds: ReadonlyMap<number, number> = new Map([
  [0o040000, 2 ** 31],
  [S_IFLNK, 2 ** 27],
  [0o060000, 2 ** 26],
  [0o020000, 2 ** 26 + 2 ** 21],
  [0o010000, 2 ** 25],
  [0o140000, 2 ** 24],
]);
const special: readonly (readonly [number, number])[] = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
];

export function goMode(mode: number): number {
  const bits = special.reduce((sum, [bit, go]) => ((mode & bit) === 0 ? sum : sum + go), mode & 0o777);
  return bits + (kinds.get(mode & S_IFMT) ?? 0);
}

/** With as many decimals as there are. */
function rfc3339(ns: bigint): string {
  const rest = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = new Date(Number((ns - rest) / 1_000_000n)).toISOString().slice(0, 19);
  const decimals = rest === 0n ? "" : `.${String(rest).padStart(9, "0").replace(/0+$/, "")}`;
  return `${seconds}${decimals}Z`;
}
