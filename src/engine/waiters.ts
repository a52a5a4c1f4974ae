// Who waits for containers to end: one place that the exit path and the removal tell, and `wait`, `stop` and `kill` listen to.
import type { WaitAnswer } from "../spec/docker.ts";

/** `not-running`: the last run ended and no restart follows; `next-exit`: any run ends; `removed`: the container is gone. */
export type WaitCondition = "not-running" | "next-exit" | "removed";

type Listener = { readonly condition: WaitCondition; readonly answer: (answer: WaitAnswer) => void };

export class Waiters {
  readonly #byContainer = new Map<string, Set<Listener>>();

  /** Resolves at the first time that `condition` comes true from now on; rejects with the signal's reason if that is first. */
  next(id: string, condition: WaitCondition, signal?: AbortSignal): Promise<WaitAnswer> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const leave = (): void => {
        listeners.delete(listener);
        if (listeners.size === 0 && this.#byContainer.get(id) === listeners) this.#byContainer.delete(id);
        signal?.removeEventListener("abort", abort);
      };
      const abort = (): void => {
        leave();
        reject(signal?.reason as Error);
      };
      const listener: Listener = {
        condition,
        answer: (answer) => {
          leave();
          resolve(answer);
        },
      };
      const listeners = this.#byContainer.get(id) ?? new Set();
      this.#byContainer.set(id, listeners.add(listener));
      signal?.addEventListener("abort", abort, { once: true });
      return undefined;
    });
  }

  /** A run of the container ended; `last` says that no restart follows. */
  exited(id: string, answer: WaitAnswer, last: boolean): void {
    this.#tell(id, answer, last ? ["next-exit", "not-running"] : ["next-exit"]);
  }

  removed(id: string, answer: WaitAnswer): void {
    this.#tell(id, answer, ["next-exit", "not-running", "removed"]);
  }

  #tell(id: string, answer: WaitAnswer, conditions: readonly WaitCondition[]): void {
    for (const listener of this.#byContainer.get(id) ?? [])
      if (conditions.includes(listener.condition)) listener.answer(answer);
  }
}
