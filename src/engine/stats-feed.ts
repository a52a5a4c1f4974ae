// Samples of what containers use, taken once a second for all who follow the same container.
import { errorText } from "../base/errors.ts";
import { noStats } from "../containers/stats-body.ts";
import type { ContainerStats } from "../spec/docker-stats.ts";
import type { Engine } from "./engine.ts";
import { sampleOf } from "./stats.ts";

const intervalMs = 1000;

type Feed = {
  readers: number;
  /** The newest sample; undefined once the container is gone. */
  latest: ContainerStats | undefined;
  /** Resolves with the next sample. */
  next: PromiseWithResolvers<void>;
  readonly stop: AbortController;
};

/** INVARIANT: a container is read by one timer while anybody follows it, and by none otherwise. */
export class StatsFeed {
  readonly #byId = new Map<string, Feed>();

  /**
   * A sample at once, then one a second, until the container is removed or the signal comes. A reader that is slow misses
   * samples and holds nobody up. One that joins others gets the last sample that they got, and then theirs.
   */
  async *follow(engine: Engine, id: string, signal: AbortSignal): AsyncGenerator<ContainerStats> {
    const feed = this.#byId.get(id) ?? this.#open(engine, id);
    const gone = new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true }),
    );
    feed.readers += 1;
    try {
      while (feed.latest && !signal.aborted) {
        const { next } = feed;
        yield feed.latest;
        await Promise.race([next.promise, gone]);
      }
    } finally {
      feed.readers -= 1;
      if (feed.readers === 0) this.#close(id, feed);
    }
  }

  /** How many containers are being read. */
  get size(): number {
    return this.#byId.size;
  }

  #open(engine: Engine, id: string): Feed {
    const feed: Feed = {
      readers: 0,
      latest: sample(engine, id),
      next: Promise.withResolvers(),
      stop: new AbortController(),
    };
    this.#byId.set(id, feed);
    void this.#run(engine, id, feed);
    return feed;
  }

  async #run(engine: Engine, id: string, feed: Feed): Promise<void> {
    while (feed.latest) {
      await engine.host.clock.sleep(intervalMs, feed.stop.signal).catch(() => {}); // stopped: seen below
      if (feed.stop.signal.aborted) return;
      feed.latest = sample(engine, id);
      const told = feed.next;
      feed.next = Promise.withResolvers();
      told.resolve();
    }
    this.#close(id, feed);
  }

  #close(id: string, feed: Feed): void {
    feed.stop.abort();
    if (this.#byId.get(id) === feed) this.#byId.delete(id);
  }
}

/** Numbers that the kernel would not give are shown as none at all, and the stream goes on. */
function sample(engine: Engine, id: string): ContainerStats | undefined {
  const record = engine.containers.get(id);
  if (!record) return undefined;
  try {
    return sampleOf(engine, record);
  } catch (err) {
    engine.host.log.warn("statistics not read", { container: id, error: errorText(err) });
    return noStats(record);
  }
}
