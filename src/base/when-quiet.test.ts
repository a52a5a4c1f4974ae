import { describe, expect, test } from "bun:test";
import { whenQuiet } from "./when-quiet.ts";

/** A clock that is moved by hand, with its timers. */
function world(quietMs: number, latestMs = Infinity) {
  let now = 0;
  let timers: { readonly dueMs: number; readonly run: () => void }[] = [];
  const doneAt: number[] = [];
  const active = whenQuiet({
    quietMs,
    latestMs,
    nowMs: () => now,
    later: (ms, run) => timers.push({ dueMs: now + ms, run }),
    work: () => doneAt.push(now),
  });
  const advance = (ms: number): void => {
    for (const end = now + ms; ;) {
      const [next] = timers.toSorted((a, b) => a.dueMs - b.dueMs);
      if (next === undefined || next.dueMs > end) return void (now = end);
      timers = timers.filter((timer) => timer !== next);
      now = next.dueMs;
      next.run();
    }
  };
  return { active, advance, doneAt, timers: () => timers.length };
}

describe("whenQuiet", () => {
  test("does its work once, so long after the last activity", () => {
    const { active, advance, doneAt, timers } = world(100);
    active();
    advance(60);
    active();
    active();
    advance(1000);
    expect(doneAt).toEqual([160]);
    expect(timers()).toBe(0);
  });

  test("does nothing while nothing happens", () => {
    const { advance, doneAt, timers } = world(100);
    advance(1000);
    expect({ doneAt, timers: timers() }).toEqual({ doneAt: [], timers: 0 });
  });

  test("does it again after the next activity", () => {
    const { active, advance, doneAt } = world(100);
    active();
    advance(500);
    active();
    advance(500);
    expect(doneAt).toEqual([100, 600]);
  });

  test("does not wait for ever when it is never quiet", () => {
    const { active, advance, doneAt } = world(100, 1000);
    for (let at = 0; at < 2500; at += 50) {
      active();
      advance(50);
    }
    expect(doneAt).toEqual([1000, 2000]);
  });
});
