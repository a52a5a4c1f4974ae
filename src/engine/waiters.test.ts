import { expect, test } from "bun:test";
import { Waiters } from "./waiters.ts";

const answer = (StatusCode: number) => ({ StatusCode });

test("Waiters: an end that a restart follows answers next-exit only", async () => {
  const waiters = new Waiters();
  const told: string[] = [];
  const next = waiters.next("x", "next-exit").then(() => told.push("next-exit"));
  const down = waiters.next("x", "not-running").then(() => told.push("not-running"));
  waiters.exited("x", answer(1), false);
  await next;
  expect(told).toEqual(["next-exit"]);
  waiters.exited("x", answer(2), true);
  await down;
  expect(told).toEqual(["next-exit", "not-running"]);
});

test("Waiters: a removal answers everybody, and nobody of another container", async () => {
  const waiters = new Waiters();
  const all = (["next-exit", "not-running", "removed"] as const).map((condition) =>
    waiters.next("x", condition),
  );
  const left = new AbortController();
  const other = waiters.next("y", "removed", left.signal);
  waiters.removed("x", answer(7));
  expect(await Promise.all(all)).toEqual([answer(7), answer(7), answer(7)]);
  left.abort(new Error("gone"));
  expect(other).rejects.toThrow("gone");
});

test("Waiters: who left is not told", async () => {
  const waiters = new Waiters();
  const left = new AbortController();
  const waiting = waiters.next("x", "next-exit", left.signal);
  left.abort(new Error("left"));
  waiters.exited("x", answer(0), true);
  expect(waiting).rejects.toThrow("left");
});
