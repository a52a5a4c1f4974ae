import { expect, test } from "bun:test";
import { ConflictError, rootError } from "./errors.ts";
import { Rollback, settleAll } from "./rollback.ts";

async function verb(done: string[], failAt: "end" | "nowhere", failingUndo = false): Promise<void> {
  await using rollback = new Rollback((what, err) => done.push(`report ${what}: ${String(err)}`));
  rollback.onFailure("first", () => void done.push("undo first"));
  rollback.onFailure("second", () => {
    if (failingUndo) throw new Error("stuck");
    done.push("undo second");
  });
  if (failAt === "end") throw new ConflictError("taken");
  rollback.commit();
}

test("Rollback: a failure undoes newest first and stays the error", async () => {
  const done: string[] = [];
  expect(verb(done, "end")).rejects.toThrow(ConflictError);
  await Bun.sleep(0);
  expect(done).toEqual(["undo second", "undo first"]);
});

test("Rollback: nothing is undone after commit", async () => {
  const done: string[] = [];
  await verb(done, "nowhere");
  expect(done).toEqual([]);
});

test("Rollback: an undo that fails is reported, the others run, the first error stays", async () => {
  const done: string[] = [];
  const failed = await verb(done, "end", true).catch((err: unknown) => err);
  expect(rootError(failed)).toBeInstanceOf(ConflictError);
  expect(done).toEqual(["report second: Error: stuck", "undo first"]);
});

test("settleAll: runs every step and names all that failed", async () => {
  const done: string[] = [];
  const settled = settleAll([
    ["one", () => Promise.reject(new Error("a"))],
    ["two", () => void done.push("two")],
    [
      "three",
      () => {
        throw new Error("b");
      },
    ],
  ]);
  expect(settled).rejects.toThrow("one: a; three: b");
  await settled.catch(() => {});
  expect(done).toEqual(["two"]);
});
