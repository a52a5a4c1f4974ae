import { expect, test } from "bun:test";
import { seededRandom } from "../../test/harness/random.ts";
import { pathPattern } from "./path-pattern.ts";

const rows: readonly (readonly [pattern: string, text: string, matches: boolean | undefined])[] = [
  ["abc", "abc", true],
  ["*", "abc", true],
  ["*", "", true],
  ["*", "a/b", false],
  ["*/*", "a/b", true],
  ["*c", "abc", true],
  ["a*", "ab/c", false],
  ["a*/b", "abc/b", true],
  ["a*b*c*d*e*", "axbxcxdxexxx", true],
  ["a*b?c*x", "abxbbxdbxebxczzx", true],
  ["a*b?c*x", "abxbbxdbxebxczzy", false],
  ["?", "/", false],
  ["a?b", "a☺b", true],
  ["[a-c]x", "bx", true],
  ["[^a-c]x", "bx", false],
  ["[\\]a]", "]", true],
  ["a\\*b", "a*b", true],
  ["a\\*b", "axb", false],
  ["[z-a]", "b", undefined],
  ["[]a]", "]", undefined],
  ["[-]", "-", undefined],
  ["[a", "a", undefined],
  ["a\\", "a", undefined],
  ["busy*:latest", "busybox:latest", true],
];

test.each([...rows])("pathPattern %s on %s: %s", (pattern, text, matches) => {
  expect(pathPattern(pattern)?.test(text)).toBe(matches as boolean);
});

test("pathPattern agrees with a regular expression on patterns of stars and letters", () => {
  const random = seededRandom(1);
  for (let round = 0; round < 3000; round++) {
    const pattern = Array.from({ length: random.below(6) }, () =>
      random.pick(["a", "b", "*", "?", "/"]),
    ).join("");
    const text = Array.from({ length: random.below(8) }, () => random.pick(["a", "b", "/"])).join("");
    const expression = new RegExp(`^${pattern.replaceAll("*", "[^/]*").replaceAll("?", "[^/]")}$`);
    expect([pattern, text, pathPattern(pattern)?.test(text)]).toEqual([pattern, text, expression.test(text)]);
  }
});

test("pathPattern takes no time on what makes a regular expression try for ever", () => {
  const began = performance.now();
  expect(pathPattern("*a".repeat(100) + "!")?.test("a".repeat(1000))).toBe(false);
  expect(performance.now() - began).toBeLessThan(500);
});
