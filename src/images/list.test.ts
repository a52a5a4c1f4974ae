import { expect, test } from "bun:test";
import { nameMatches } from "./list.ts";

const rows: readonly (readonly [pattern: string, name: string, matches: boolean])[] = [
  ["busybox", "busybox:latest", true],
  ["busybox:latest", "busybox:latest", true],
  ["busy*", "busybox:latest", true],
  ["*:latest", "busybox:latest", true],
  ["*", "user/app:1", false],
  ["*/*", "user/app:1", true],
  ["user/*:1", "user/app:1", true],
  ["user/ap?", "user/app:1", true],
  ["user?app", "user/app:1", false],
  ["[a-c]usybox", "busybox:latest", true],
  ["[^a-c]usybox", "busybox:latest", false],
  ["busybox.", "busybox:latest", false],
  ["busy\\*", "busybox:latest", false],
  ["[z-a]", "busybox:latest", false],
  ["", "busybox:latest", false],
];

for (const [pattern, name, matches] of rows)
  test(`nameMatches: ${pattern} ${matches ? "matches" : "does not match"} ${name}`, () => {
    expect(nameMatches(pattern, name)).toBe(matches);
  });
