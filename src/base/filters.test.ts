import { describe, expect, test } from "bun:test";
import {
  booleanFilter,
  checkFilterKeys,
  lacksLabels,
  matchesExactly,
  matchesLabels,
  matchesPattern,
  matchesPrefix,
  untilFilter,
} from "./filters.ts";

const filters = (map: Record<string, string[]>): Map<string, string[]> => new Map(Object.entries(map));

test("a key that was not given matches everything", () => {
  const none = filters({});
  expect(matchesExactly(none, "a", "x")).toBe(true);
  expect(matchesPrefix(none, "a", "x")).toBe(true);
  expect(matchesPattern(none, "a", "x")).toBe(true);
  expect(matchesLabels(none, "a", {})).toBe(true);
  expect(lacksLabels(none, "a", {})).toBe(true);
});

test("a key without values matches everything, too", () => {
  const empty = filters({ a: [] });
  expect(matchesExactly(empty, "a", "x")).toBe(true);
  expect(matchesPrefix(empty, "a", "x")).toBe(true);
  expect(matchesPattern(empty, "a", "x")).toBe(true);
  expect(matchesLabels(empty, "a", {})).toBe(true);
  expect(lacksLabels(empty, "a", {})).toBe(true);
});

test("untilFilter takes one moment", () => {
  const now = new Date("2026-01-01T00:00:00Z");
  expect(untilFilter(filters({}), now)).toBe(Infinity);
  expect(untilFilter(filters({ until: ["10s"] }), now)).toBe(now.getTime() - 10_000);
  expect(() => untilFilter(filters({ until: ["1", "2"] }), now)).toThrow(
    "more than one until filter specified",
  );
});

test("values of one key are or-ed, those of labels and-ed", () => {
  expect(matchesExactly(filters({ a: ["x", "y"] }), "a", "y")).toBe(true);
  expect(matchesExactly(filters({ a: ["x", "y"] }), "a", "xy")).toBe(false);
  expect(matchesPrefix(filters({ a: ["x", "y"] }), "a", "yes")).toBe(true);
  expect(matchesLabels(filters({ label: ["a", "b=1"] }), "label", { a: "", b: "1" })).toBe(true);
  expect(matchesLabels(filters({ label: ["a", "b=2"] }), "label", { a: "", b: "1" })).toBe(false);
});

test("patterns are expressions found anywhere, or the text itself", () => {
  expect(matchesPattern(filters({ name: ["eb$"] }), "name", "web")).toBe(true);
  expect(matchesPattern(filters({ name: ["^eb"] }), "name", "web")).toBe(false);
  expect(matchesPattern(filters({ name: ["a[b"] }), "name", "a[b")).toBe(true);
  expect(matchesPattern(filters({ name: ["a[b"] }), "name", "ab")).toBe(false);
});

test("labels: a value may hold equal signs, inherited members are no labels", () => {
  expect(matchesLabels(filters({ label: ["a=b=c"] }), "label", { a: "b=c" })).toBe(true);
  expect(matchesLabels(filters({ label: ["constructor"] }), "label", {})).toBe(false);
});

test("lacksLabels keeps what has not all of them", () => {
  expect(lacksLabels(filters({ "label!": ["a"] }), "label!", { a: "" })).toBe(false);
  expect(lacksLabels(filters({ "label!": ["a", "b"] }), "label!", { a: "" })).toBe(true);
});

describe("booleanFilter", () => {
  const cases: readonly [string[], boolean | "refused"][] = [
    [["true"], true],
    [["1"], true],
    [["false"], false],
    [["0"], false],
    [["1", "true"], true],
    [["true", "false"], "refused"],
    [["yes"], "refused"],
    [[], "refused"],
  ];
  for (const [values, expected] of cases)
    test(`${values.join(",")} is ${expected}`, () => {
      const read = (): boolean => booleanFilter(filters({ dangling: values }), "dangling", false);
      if (expected === "refused") expect(read).toThrow(`invalid filter 'dangling=[${values.join(" ")}]'`);
      else expect(read()).toBe(expected);
    });
});

test("unknown keys are refused by name", () => {
  expect(() => checkFilterKeys(filters({ a: [], b: [] }), new Set(["a"]))).toThrow("invalid filter 'b'");
});
