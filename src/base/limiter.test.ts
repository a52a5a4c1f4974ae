import { expect, test } from "bun:test";
import { Limiter } from "./limiter.ts";

test("Limiter: so many at once, in order, and a place is free again after a failure", async () => {
  const limiter = new Limiter(2);
  const order: number[] = [];
  let most = 0;
  let running = 0;
  const work = (at: number) => async () => {
    order.push(at);
    most = Math.max(most, ++running);
    await Bun.sleep(1);
    running -= 1;
    if (at === 1) throw new Error("one fails");
  };
  const all = await Promise.allSettled([0, 1, 2, 3, 4].map((at) => limiter.run(work(at))));
  expect([order, most, all.filter(({ status }) => status === "rejected").length]).toEqual([
    [0, 1, 2, 3, 4],
    2,
    1,
  ]);
  expect(limiter.isFull).toBe(false);
});

test("Limiter: who waits can give up, and takes no place", async () => {
  const limiter = new Limiter(1);
  const first = Promise.withResolvers<void>();
  const running = limiter.run(() => first.promise);
  const stop = new AbortController();
  const waiting = limiter.run(async () => "never", stop.signal);
  stop.abort(new Error("enough"));
  expect(await waiting.catch(String)).toBe("Error: enough");
  first.resolve();
  await running;
  expect(await limiter.run(async () => "next")).toBe("next");
});

test("Limiter: a place that is left twice is handed on once", async () => {
  const limiter = new Limiter(1);
  const place = await limiter.take();
  place[Symbol.dispose]();
  place[Symbol.dispose]();
  using _place = await limiter.take();
  expect(limiter.isFull).toBe(true);
});
