import { expect, test } from "bun:test";
import { goDuration } from "./go-duration.ts";

const table: [number, string][] = [
  [0, "0s"],
  [5, "5ns"],
  [1500, "1.5µs"],
  [300e6, "300ms"],
  [1e9, "1s"],
  [1.5e9, "1.5s"],
  [59.999e9, "59.999s"],
  [60e9, "1m0s"],
  [90.25e9, "1m30.25s"],
  [3600e9, "1h0m0s"],
  [3725e9, "1h2m5s"],
  [-2e9, "-2s"],
];
test.each(table)("goDuration: %p is %p", (ns, text) => {
  expect(goDuration(ns)).toBe(text);
});
