// Where a copy lands, by the rules of `docker cp` (which are those of `cp -a`): pure, the same in both directions.

import { posix } from "node:path";
import { CommandError } from "../failure.ts";

export type Place = {
  /** As it was typed, made absolute: a slash or "/." at its end counts. */
  readonly path: string;
  readonly exists: boolean;
  readonly isFolder: boolean;
};

export type CopyPlan = {
  /** An existing folder: the archive is unpacked there. */
  readonly folder: string;
  /** The first part of the paths in the archive, and what it becomes. */
  readonly rename?: { readonly from: string; readonly to: string };
};

/** @throws CommandError in Docker's words for what cannot be done. */
export function planCopy(
  source: { readonly path: string; readonly isFolder: boolean },
  target: Place,
): CopyPlan {
  if (target.exists && target.isFolder) return { folder: target.path };
  if (target.exists && source.isFolder) throw new CommandError("cannot copy directory");
  // A folder may be made by the copy; a file needs one that is there.
  if (!target.exists && !source.isFolder && namesFolder(target.path))
    throw new CommandError("no such directory");
  const clean = posix.normalize(target.path).replace(/(?<=.)\/$/, "");
  return {
    folder: posix.dirname(clean),
    rename: { from: entryName(source.path), to: posix.basename(clean) },
  };
}

/** The name that an archive of `path` has as its first part: "." where only the contents are meant. */
export function entryName(path: string): string {
  return /(?:^|\/)\.$/.test(path) ? "." : posix.basename(path);
}

function namesFolder(path: string): boolean {
  return path === "" || path.endsWith("/") || /(?:^|\/)\.$/.test(path);
}

/** The path of an entry after the renaming; undefined for what is not part of what was asked for. */
export function renamed(path: string, rename: CopyPlan["rename"]): string | undefined {
  const clean = posix.normalize(path).replace(/(?<=.)\/$/, "");
  if (rename === undefined) return clean;
  const { from, to } = rename;
  if (from === ".") return clean === "." ? to : `${to}/${clean}`;
  if (clean === from) return to;
  return clean.startsWith(`${from}/`) ? `${to}${clean.slice(from.length)}` : undefined;
}
