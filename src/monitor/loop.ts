// The monitor's heart: one thread, one epoll, no promises. Whatever happens (output, an exit, a request, a time that is
// up) calls one function, which must not wait.
import { errorText } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { Epoll } from "../sys/epoll.ts";
import { closeFd } from "../sys/file.ts";

/** Called with the EPOLL… bits of what happened. */
export type FdHandler = (events: number) => void;

export type Timer = { readonly dueMs: number; readonly run: () => void };

const eventsPerRound = 256;

/**
 * INVARIANTS: a handler is never called for a descriptor after `unwatch` or `close`; a number closed in one round is not
 * used again before the next, so a late event of that round cannot reach a stranger.
 */
export class Loop {
  readonly #log: Log;
  readonly #epoll = new Epoll(eventsPerRound);
  readonly #handlers = new Map<number, FdHandler>();
  readonly #toClose: number[] = [];
  /** Sorted by time. Few at any moment: one a running command or a draining task. */
  readonly #timers: Timer[] = [];
  #active = (): void => {};
  #stopped = false;

  constructor(log: Log) {
    this.#log = log;
  }

  watch(fd: number, events: number, handler: FdHandler): void {
    this.#epoll.add(fd, events);
    this.#handlers.set(fd, handler);
  }

  /**
   * Changes what is waited for. With the same `events` on an edge-triggered descriptor: reports again, after the others
   * had their turn, what is still there.
   */
  rearm(fd: number, events: number): void {
    this.#epoll.modify(fd, events);
  }

  unwatch(fd: number): void {
    if (this.#handlers.delete(fd)) this.#epoll.remove(fd);
  }

  /** Unwatches, and closes at the end of the round. */
  close(fd: number): void {
    this.unwatch(fd);
    this.#toClose.push(fd);
  }

  after(ms: number, run: () => void): Timer {
    const timer = { dueMs: performance.now() + ms, run };
    const later = this.#timers.findIndex(({ dueMs }) => dueMs > timer.dueMs);
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer);
    return timer;
  }

  cancel(timer: Timer | undefined): void {
    const at = timer === undefined ? -1 : this.#timers.indexOf(timer);
    if (at !== -1) this.#timers.splice(at, 1);
  }

  /** `active` is called in each round that brings events; times that are up are none. */
  onActivity(active: () => void): void {
    this.#active = active;
  }

  /** Runs until `stop`. */
  run(): void {
    while (!this.#stopped) {
      const ready = this.#epoll.wait(this.#msToNextTimer());
      for (let i = 0; i < ready; i++) {
        const fd = this.#epoll.fdAt(i);
        const handler = this.#handlers.get(fd);
        const events = this.#epoll.eventsAt(i);
        if (handler !== undefined) this.#guard(fd, () => handler(events));
      }
      if (ready > 0) this.#active();
      this.#runTimers();
      for (let fd = this.#toClose.pop(); fd !== undefined; fd = this.#toClose.pop()) closeFd(fd);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  #msToNextTimer(): number {
    const [next] = this.#timers;
    return next === undefined ? -1 : Math.max(0, Math.ceil(next.dueMs - performance.now()));
  }

  #runTimers(): void {
    for (let [next] = this.#timers; next && next.dueMs <= performance.now(); [next] = this.#timers) {
      this.#timers.shift();
      this.#guard(undefined, next.run);
    }
  }

  /** One container's trouble must not end the watch over the others. */
  #guard(fd: number | undefined, run: () => void): void {
    try {
      run();
    } catch (err) {
      this.#log.error("event not handled", { fd, error: errorText(err) });
      // Level-triggered, it would come back at once and for ever.
      if (fd !== undefined) this.unwatch(fd);
    }
  }
}
