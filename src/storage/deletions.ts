// Folders that nobody can see any more, deleted in the background: one after the other, each in small parts, and not while
// somebody unpacks. On one disk the two hold each other up, and nobody waits for a deletion.
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../base/errors.ts";

/** Deletions give way no longer than this after they were asked for: a slow network must not keep the disk full. */
const usualPatienceMs = 10_000;

/** Of PATH_MAX bytes, with room for names of more than one byte to a letter. */
const longestPath = 1000;

export class Deletions {
  readonly #patienceMs: number;
  /** Settles with the last of those that were asked for, and never rejects. */
  #last: Promise<void> = Promise.resolve();
  #pending = 0;
  #ahead = 0;
  /** Those who wait for the room. */
  #waiting = 0;
  #goOn = Promise.withResolvers<void>();

  constructor(patienceMs = usualPatienceMs) {
    this.#patienceMs = patienceMs;
  }

  get isIdle(): boolean {
    return this.#pending === 0;
  }

  /** Resolves when the folder is gone. Nothing behind a link is touched. */
  async add(path: string): Promise<void> {
    const until = performance.now() + this.#patienceMs;
    const deletion = this.#last.then(() => deleteInParts(path, () => this.#turn(until)));
    this.#pending++;
    this.#last = deletion
      .catch(() => {}) // told to who asked
      .finally(() => this.#pending--);
    await deletion;
  }

  /** Until it is disposed of, deletions stand still, as far as they may. */
  giveWay(): Disposable {
    this.#ahead++;
    return {
      [Symbol.dispose]: () => {
        if (--this.#ahead === 0) this.#resume();
      },
    };
  }

  /** Resolves when nothing is left to delete; until then deletions give way to nobody. */
  async idle(): Promise<void> {
    this.#waiting++;
    this.#resume();
    while (!this.isIdle) await this.#last;
    this.#waiting--;
  }

  /** There is one that waits at a time. */
  async #turn(until: number): Promise<void> {
    for (;;) {
      const leftMs = until - performance.now();
      if (this.#ahead === 0 || this.#waiting > 0 || leftMs <= 0) return;
      const timer = setTimeout(() => this.#resume(), leftMs);
      await this.#goOn.promise;
      clearTimeout(timer);
    }
  }

  #resume(): void {
    this.#goOn.resolve();
    this.#goOn = Promise.withResolvers();
  }
}

/** Folder by folder, the innermost first: `turn` is awaited before each. */
async function deleteInParts(path: string, turn: () => Promise<void>): Promise<void> {
  for (const folder of await foldersIn(path)) await deleteInParts(join(path, folder), turn);
  await turn();
  await rm(path, { recursive: true, force: true });
}

/** None where paths get too long, or where names are not text: that goes with the folder around it. */
async function foldersIn(path: string): Promise<string[]> {
  if (path.length > longestPath) return [];
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (err) {
    if (hasCode(err, "ENOENT", "ENOTDIR")) return [];
    throw err;
  }
}
