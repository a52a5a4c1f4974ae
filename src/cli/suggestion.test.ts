import { expect, test } from "bun:test";
import { nearest } from "./suggestion.ts";

const words = ["run", "rm", "rmi", "ps", "images", "inspect", "restart", "rename"];

test.each([
  ["rn", "run"],
  ["imagse", "images"],
  ["inspcet", "inspect"],
  ["restrat", "restart"],
  ["pss", "ps"],
  ["foo", undefined],
  ["completely-else", undefined],
])("%s -> %s", (word, expected) => expect(nearest(word, words)).toBe(expected));
