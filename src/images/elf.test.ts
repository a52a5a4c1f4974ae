import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { elfInterpreter, isStaticExecutable } from "./elf.ts";

/** An ELF header with program headers of these types. */
function elf(bits: 32 | 64, types: readonly number[]): Buffer {
  const [header, entry] = bits === 64 ? [64, 56] : [52, 32];
  const bytes = Buffer.alloc(header + entry * types.length + 64);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, 1, 1]);
  if (bits === 64) bytes.writeBigUInt64LE(BigInt(header), 32);
  else bytes.writeUInt32LE(header, 28);
  bytes.writeUInt16LE(entry, bits === 64 ? 54 : 42);
  bytes.writeUInt16LE(types.length, bits === 64 ? 56 : 44);
  for (const [at, type] of types.entries()) bytes.writeUInt32LE(type, header + at * entry);
  return bytes;
}

test("isStaticExecutable: an interpreter makes it dynamic, in 64 and in 32 bits", () => {
  for (const bits of [32, 64] as const) {
    expect(isStaticExecutable(elf(bits, [1, 1, 4]))).toBe(true);
    expect(isStaticExecutable(elf(bits, [1, 3, 4]))).toBe(false);
    expect(isStaticExecutable(elf(bits, []))).toBe(false);
  }
});

test("isStaticExecutable: this program, scripts and fragments are none", () => {
  expect(isStaticExecutable(readFileSync(process.execPath))).toBe(false);
  expect(isStaticExecutable(Buffer.from("#!/bin/sh\n".padEnd(100)))).toBe(false);
  expect(isStaticExecutable(elf(64, [1, 1, 1]).subarray(0, 100))).toBe(false);
  expect(isStaticExecutable(Buffer.alloc(0))).toBe(false);
});

test("elfInterpreter: the loader that a dynamic executable asks for, and none for anything else", async () => {
  expect(elfInterpreter(await Bun.file("/bin/ls").bytes())).toMatch(/^\/lib.*\/ld-/);
  expect(elfInterpreter(Buffer.from("#!/bin/sh\n"))).toBeUndefined();
  expect(elfInterpreter(new Uint8Array(0))).toBeUndefined();
});
