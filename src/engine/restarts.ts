// Containers that wait to be started again by their restart policy.
import { errorText } from "../base/errors.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { nextDelayMs } from "../containers/restart-policy.ts";
import { transition } from "../containers/state.ts";
import { publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { startAgain } from "./start.ts";
import { lastAnswer } from "./wait.ts";

type Pending = { readonly cancel: AbortController; readonly dueAt: Date };

/**
 * INVARIANT: a container is pending here exactly while its state is `restarting` (but for the moments inside its lock, and
 * while starts are suspended).
 */
export class Restarts {
  readonly #pending = new Map<string, Pending>();
  readonly #delays = new Map<string, number>();
  /** As at first, when nobody knows yet what of the containers is left from before. */
  #suspended = true;

  /** Starts the container after its back-off, unless `cancel` comes first. `ranMs`: how long the run that ended took. */
  schedule(engine: Engine, id: string, ranMs: number): void {
    if (this.#suspended) return;
    const delayMs = nextDelayMs(this.#delays.get(id) ?? 0, ranMs);
    this.#delays.set(id, delayMs);
    const cancel = new AbortController();
    this.#pending.set(id, { cancel, dueAt: new Date(engine.host.clock.now().getTime() + delayMs) });
    engine.host.clock.sleep(delayMs, cancel.signal).then(
      () => engine.background.run(`restart of ${id}`, () => this.#start(engine, id)),
      () => {}, // cancelled
    );
  }

  /** When the container is started again; undefined unless it waits for that. */
  dueAt(id: string): Date | undefined {
    return this.#pending.get(id)?.dueAt;
  }

  cancel(id: string): boolean {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.cancel.abort();
    return pending !== undefined;
  }

  /** A start by a user, or the container's end for good: the next back-off begins anew. */
  forget(id: string): void {
    this.cancel(id);
    this.#delays.delete(id);
  }

  resume(): void {
    this.#suspended = false;
  }

  /** No start from now on: those that wait are left to the next daemon. */
  suspend(): void {
    this.#suspended = true;
    for (const id of this.#pending.keys()) this.cancel(id);
  }

  async #start(engine: Engine, id: string): Promise<void> {
    if (!this.#pending.delete(id)) return;
    try {
      await startAgain(engine, id);
    } catch (err) {
      engine.host.log.error("container could not be restarted", { container: id, error: errorText(err) });
    }
  }
}

/** Ends the wait of a container that is to be restarted, as a stop or a removal wants it. `false` when it was not waiting. */
export function cancelRestart(engine: Engine, record: ContainerRecord): boolean {
  if (record.state.status !== "restarting" || !engine.restarts.cancel(record.id)) return false;
  const stopped = engine.containers.update(record.id, (now) => ({
    ...now,
    stoppedByUser: true,
    state: transition(now.state, { type: "restart-cancelled" }),
  }));
  engine.waiters.exited(record.id, lastAnswer(stopped.state), true);
  publishContainerEvent(engine, stopped, "stop");
  return true;
}
