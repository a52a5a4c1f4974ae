import { expect, test } from "bun:test";
import { KeyedLock } from "./keyed-lock.ts";

test("KeyedLock: work of one key runs in order, one at a time; other keys go on", async () => {
  const lock = new KeyedLock();
  const told: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = lock.run("a", async () => {
    await gate.promise;
    told.push("a1");
  });
  const second = lock.run("a", async () => void told.push("a2"));
  await lock.run("b", async () => void told.push("b"));
  expect(told).toEqual(["b"]);
  gate.resolve();
  await Promise.all([first, second]);
  expect(told).toEqual(["b", "a1", "a2"]);
});

test("KeyedLock: work that fails lets the next one in", async () => {
  const lock = new KeyedLock();
  const failing = lock.run("a", () => Promise.reject(new Error("x")));
  expect(failing).rejects.toThrow("x");
  expect(await lock.run("a", async () => 7)).toBe(7);
});
