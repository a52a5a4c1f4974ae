import { expect, test } from "bun:test";
import { staggered, type Attempt } from "./staggered.ts";

const times = { nextAfterMs: 10_000, deadlineMs: 20_000 };
const ends: string[] = [];
const pending =
  (name: string): Attempt<string> =>
  (signal) =>
    new Promise((resolve) =>
      signal.addEventListener("abort", () => {
        ends.push(name);
        resolve(undefined);
      }),
    );

test("staggered: the first result wins, and attempts after it are not begun", async () => {
  let begun = 0;
  const attempt = (result: string | undefined) => () => ((begun += 1), Promise.resolve(result));
  expect(await staggered([attempt(undefined), attempt("b"), attempt("c")], times)).toBe("b");
  expect(begun).toBe(2);
});

test("staggered: all failed, or none given, is undefined at once", async () => {
  expect(await staggered<string>([], times)).toBeUndefined();
  expect(await staggered<string>([() => Promise.resolve(undefined)], times)).toBeUndefined();
});

test("staggered: a slow attempt gets company, may still win, and the others are ended then", async () => {
  const { promise: slow, resolve: win } = Promise.withResolvers<string>();
  const second: Attempt<string> = (signal) => {
    win("slow");
    return pending("second")(signal);
  };
  ends.length = 0;
  expect(await staggered([() => slow, second], { nextAfterMs: 1, deadlineMs: 20_000 })).toBe("slow");
  expect(ends).toEqual(["second"]);
});

test("staggered: the deadline ends all attempts", async () => {
  ends.length = 0;
  expect(
    await staggered([pending("one"), pending("two")], { nextAfterMs: 1, deadlineMs: 30 }),
  ).toBeUndefined();
  expect(ends).toEqual(["one", "two"]);
});
