import { expect, test } from "bun:test";
import { constants } from "node:os";
import { signalNumberOf } from "./signals.ts";

test("signalNumberOf: agrees with the system about every signal it names", () => {
  for (const [name, number] of Object.entries(constants.signals))
    expect({ name, number: signalNumberOf(name) }).toEqual({ name, number });
});

test.each([
  ["term", 15],
  ["SIGTERM", 15],
  ["9", 9],
  ["64", 64],
  ["RTMIN", 34],
  ["SIGRTMIN+3", 37],
  ["RTMAX-2", 62],
  ["0", undefined],
  ["65", undefined],
  ["RTMIN-1", undefined],
  ["RTMAX+1", undefined],
  ["SIGNOTHING", undefined],
  ["", undefined],
] as const)("signalNumberOf: %s -> %p", (text, number) => {
  expect(signalNumberOf(text)).toBe(number);
});
