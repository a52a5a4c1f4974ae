// Work taken off the user's path: unmounting, deleting, telling the runtime. Tracked, so that a stop of the daemon can wait for it.
import { errorText } from "../base/errors.ts";
import type { Log } from "../base/log.ts";

export class Background {
  readonly #log: Log;
  readonly #running = new Set<Promise<void>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Starts `work` now; its failure is logged under `what` and reaches nobody else. */
  run(what: string, work: () => Promise<unknown>): void {
    const task = work().then(
      () => {},
      (err: unknown) => this.#log.error("background work failed", { what, error: errorText(err) }),
    );
    this.#running.add(task);
    void task.then(() => this.#running.delete(task));
  }

  /** Resolves when everything started so far, and what that started in turn, has ended. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
