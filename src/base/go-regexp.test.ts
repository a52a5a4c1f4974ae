import { expect, test } from "bun:test";
import { goRegExp } from "./go-regexp.ts";

const table: [pattern: string, text: string, found: boolean][] = [
  ["eb", "web", true],
  ["^web$", "web1", false],
  ["(?i)WEB", "my-web", true],
  ["(?is)^a.b$", "A\nB", true],
  ["\\Aweb\\z", "web", true],
  ["\\Aweb\\z", "webs", false],
  ["^[[:alpha:]]+$", "web", true],
  ["^[[:alpha:]]+$", "web1", false],
  ["^[[:alpha:][:digit:]_]+$", "web_1", true],
  ["(?P<name>we)b", "web", true],
  ["\\Qa.b\\E.c", "a.bxc", true],
  ["\\Qa.b", "axb", false],
  ["a|b", "b", true],
];
test.each(table)("goRegExp: %p in %p: %p", (pattern, text, found) => {
  expect(goRegExp(pattern)?.test(text)).toBe(found);
});

test.each([["a[b"], ["(a"], ["*a"], ["a(?=b)"], ["(a)\\1"], ["(?<!a)b"]])(
  "goRegExp: %p is none",
  (pattern) => {
    expect(goRegExp(pattern)).toBeUndefined();
  },
);

test("goRegExp: an expression that makes others try every way of reading takes no time", () => {
  const began = performance.now();
  expect(goRegExp("(a+)+$")?.test(`${"a".repeat(2000)}b`)).toBe(false);
  expect(performance.now() - began).toBeLessThan(1000);
});
