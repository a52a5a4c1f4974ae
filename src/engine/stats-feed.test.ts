import { expect, test } from "bun:test";
import type { ContainerRecord } from "../containers/record.ts";
import type { Engine } from "./engine.ts";
import { StatsFeed } from "./stats-feed.ts";

/** An engine of one stopped container, whose clock ticks when told; `reads` counts the looks at it. */
function fakeEngine(): {
  engine: Engine;
  reads: () => number;
  tick: () => Promise<void>;
  remove: () => void;
} {
  let reads = 0;
  let wake = (): void => {};
  let record: Pick<ContainerRecord, "id" | "name"> | undefined = { id: "a", name: "web" };
  const engine = {
    containers: {
      get: () => {
        reads += 1;
        return record && { ...record, state: { status: "created" }, hostConfig: {} };
      },
    },
    host: {
      clock: {
        sleep: (_ms: number, signal: AbortSignal) =>
          new Promise<void>((resolve, reject) => {
            wake = resolve;
            signal.addEventListener("abort", () => reject(new Error("stopped")), { once: true });
          }),
      },
    },
  } as unknown as Engine;
  const tick = async (): Promise<void> => {
    wake();
    await Bun.sleep(1);
  };
  return { engine, reads: () => reads, tick, remove: () => (record = undefined) };
}

test("follow: many who follow one container share its readings", async () => {
  const { engine, reads, tick } = fakeEngine();
  const feed = new StatsFeed();
  const stop = new AbortController();
  const followers = Array.from({ length: 5 }, () => feed.follow(engine, "a", stop.signal));
  for (const follower of followers) expect((await follower.next()).value?.name).toBe("/web");
  expect([reads(), feed.size]).toEqual([1, 1]);
  const next = Promise.all(followers.map((follower) => follower.next()));
  await tick();
  expect((await next).every(({ done }) => !done)).toBe(true);
  expect(reads()).toBe(2);
  await Promise.all(followers.map((follower) => follower.return(undefined)));
  expect(feed.size).toBe(0);
  await tick();
  expect(reads()).toBe(2);
});

test("follow: ends with the container", async () => {
  const { engine, tick, remove } = fakeEngine();
  const feed = new StatsFeed();
  const follower = feed.follow(engine, "a", new AbortController().signal);
  await follower.next();
  const end = follower.next();
  remove();
  await tick();
  expect([(await end).done, feed.size]).toEqual([true, 0]);
});

test("follow: ends at once when its reader goes away", async () => {
  const { engine } = fakeEngine();
  const feed = new StatsFeed();
  const stop = new AbortController();
  const follower = feed.follow(engine, "a", stop.signal);
  await follower.next();
  const end = follower.next();
  stop.abort();
  expect([(await end).done, feed.size]).toEqual([true, 0]);
});
