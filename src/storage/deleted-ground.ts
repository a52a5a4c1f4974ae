// Where on the disk files have just been deleted: new trees are better made elsewhere. An ext4 without a journal does not use a
// deleted inode again for a minute, and at every create passes over all of them nearby (sys/inode-flags.ts): a layer of 11,000
// files that came to lie where another had been took up to 3.3 s, elsewhere 1.2 s (Linux 6.18).
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Inodes that ext4 searches together: a flexible block group as mke2fs makes it, 16 groups of 8192. */
const inodesNearby = 16 * 8192;
/** RECENTCY_MIN of Linux's fs/ext4/ialloc.c. */
const avoidedMs = 60_000;

export class DeletedGround {
  /** By place, until when it is avoided. */
  readonly #until = new Map<number, number>();

  /** Files are being deleted where these lie. */
  note(places: ReadonlySet<number>): void {
    const now = performance.now();
    for (const [place, until] of this.#until) if (until <= now) this.#until.delete(place);
    for (const place of places) this.#until.set(place, now + avoidedMs);
  }

  isUnder(folder: string): boolean {
    const [place = 0] = placesOf(folder);
    return (this.#until.get(place) ?? 0) > performance.now();
  }
}

/** Of what is at `path` and, if it is a folder, of all that lies in it: each may be a tree of its own. None where nothing is. */
export function placesOf(path: string): ReadonlySet<number> {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return new Set();
  const names = status.isDirectory() ? readdirSync(path) : [];
  const inodes = names.map((name) => lstatSync(join(path, name)).ino);
  return new Set([status.ino, ...inodes].map((inode) => Math.floor((inode - 1) / inodesNearby)));
}
