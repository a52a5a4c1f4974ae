import { expect, test } from "bun:test";
import { Pieces } from "./pieces.ts";

const signal = new AbortController().signal;

test.each([5e6, 128e6, 5e9])("of %d bytes little is under way near the end, in few requests", (total) => {
  const pieces = new Pieces(total);
  let [fetched, requests, lost] = [0, 0, 0];
  while (fetched < total) {
    const bytes = Math.min(pieces.nextBytes(), total - fetched);
    // Whoever dies at 90 % loses at most the piece that is under way then.
    if (fetched + bytes > 0.9 * total) lost = Math.max(lost, bytes);
    pieces.came(bytes);
    fetched += bytes;
    requests += 1;
  }
  expect(lost).toBeLessThan(Math.max(0.017 * total, 300_000));
  expect(requests).toBeLessThan(32);
});

test("one piece at a time, until it takes too long", async () => {
  const pieces = new Pieces(1e6);
  let isSecond = false;
  const first = await pieces.turn(signal);
  const second = pieces.turn(signal).then((turn) => {
    isSecond = true;
    return turn;
  });
  await Bun.sleep(50);
  expect(isSecond).toBe(false);
  first[Symbol.dispose]();
  using _second = await second;
  // It is not disposed of.
  const before = performance.now();
  using _third = await pieces.turn(signal);
  expect(performance.now() - before).toBeGreaterThan(300);
});
