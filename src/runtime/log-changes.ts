// Waiting for a log to be written to or put aside.
import { watch, type FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";

/** A missed notice (a file system without inotify) costs this much delay. */
const pollMs = 1000;

/** The folder is watched and not the file: so a rotation is seen too, and a file that is not there yet. */
export class LogChanges implements Disposable {
  readonly #watcher: FSWatcher;
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => this.notice();
  #changed = false;
  #wake: (() => void) | undefined;

  /** An abort of `signal` counts as a change. */
  constructor(path: string, signal: AbortSignal) {
    signal.addEventListener("abort", this.#onAbort);
    this.#signal = signal;
    const name = basename(path);
    this.#watcher = watch(dirname(path), { persistent: false }, (_event, changed) => {
      if (changed === null || changed === name) this.notice();
    });
    this.#watcher.on("error", () => this.notice()); // the folder is gone: whoever waits looks for himself
  }

  /** Ends the wait that is on, or the next one. */
  notice(): void {
    this.#changed = true;
    this.#wake?.();
  }

  /** Resolves when there has been a change since the last call, or when the time is up. */
  async next(): Promise<void> {
    if (!this.#changed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, pollMs);
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
      clearTimeout(timer);
    }
    this.#changed = false;
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
    this.#signal.removeEventListener("abort", this.#onAbort);
  }
}
