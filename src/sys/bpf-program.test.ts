import { expect, test } from "bun:test";
import {
  assembleBpf,
  exit,
  jumpIfEqual,
  jumpUnlessSame,
  load32,
  set,
  set64,
  store32,
} from "./bpf-program.ts";

const hex = (bytes: Uint8Array): string[] => Buffer.from(bytes).toString("hex").match(/.{16}/g) ?? [];

test("code, registers, offset and number, in the machine's order", () => {
  expect(hex(assembleBpf([load32(2, 6, 24), store32(10, -4, 2), set(0, -1), exit()]))).toEqual([
    "6162180000000000",
    "632afcff00000000",
    "b7000000ffffffff",
    "9500000000000000",
  ]);
});

test("a number of 64 bits takes two", () => {
  expect(hex(assembleBpf([set64(2, 0xfedcba9876543210n)]))).toEqual(["1802000010325476", "0000000098badcfe"]);
});

test("a jump says how many instructions it leaves out, those of two counted twice", () => {
  const steps = [
    jumpIfEqual(1, 7, "end"),
    set64(2, 1n),
    "again",
    jumpUnlessSame(1, 2, "again"),
    "end",
    exit(),
  ];
  const offsets = hex(assembleBpf(steps)).map((text) => Buffer.from(text, "hex").readInt16LE(2));
  expect(offsets).toEqual([3, 0, 0, -1, 0]);
  expect(() => assembleBpf([jumpIfEqual(1, 0, "nowhere")])).toThrow("no place nowhere");
});
