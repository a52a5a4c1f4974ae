import { expect, test } from "bun:test";
import { TakeDowns } from "./take-downs.ts";

test("a new container and one that was taken down have nothing; one that starts has, until it is taken down", async () => {
  const downs = new TakeDowns();
  expect(downs.isDown("unknown")).toBe(false); // a daemon before this one may have left something
  downs.isNew("a");
  expect(downs.isDown("a")).toBe(true);
  downs.starts("a");
  expect(downs.isDown("a")).toBe(false);
  const work = Promise.withResolvers<void>();
  const done = downs.during("a", () => work.promise);
  expect([downs.isGoingDown("a"), downs.isDown("a")]).toEqual([true, false]);
  work.resolve();
  await done;
  expect([downs.isGoingDown("a"), downs.isDown("a")]).toEqual([false, true]);
  downs.forget("a");
  expect(downs.isDown("a")).toBe(false);
});

test("what could not be taken down is tried again", async () => {
  const downs = new TakeDowns();
  const failure = await downs.during("a", () => Promise.reject(new Error("busy"))).catch((err: Error) => err);
  expect(failure).toEqual(new Error("busy"));
  expect([downs.isGoingDown("a"), downs.isDown("a")]).toEqual([false, false]);
});
