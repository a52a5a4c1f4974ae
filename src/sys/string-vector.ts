// argv and envp: a NULL-terminated table of pointers to NUL-terminated strings.
import { ptr } from "bun:ffi";
import { cString } from "./libc.ts";

export type Environment = Readonly<Record<string, string>>;

/**
 * The table and, behind it, the strings in one block of memory: who holds the result holds all of it, and a
 * plain ArrayBuffer never moves.
 */
export function stringVector(strings: readonly string[]): Uint8Array {
  const encoded = strings.map((text) => cString(text));
  const tableBytes = 8 * (strings.length + 1);
  const block = new ArrayBuffer(encoded.reduce((sum, bytes) => sum + bytes.length, tableBytes));
  const bytes = new Uint8Array(block);
  const table = new BigUint64Array(block, 0, strings.length + 1);
  const base = BigInt(ptr(bytes));
  let at = tableBytes;
  for (const [index, text] of encoded.entries()) {
    table[index] = base + BigInt(at);
    bytes.set(text, at);
    at += text.length;
  }
  return bytes;
}

/** An environment as the `NAME=value` strings of envp, in the order of its keys. */
export function environmentVector(env: Environment): Uint8Array {
  return stringVector(Object.entries(env).map(([name, value]) => `${name}=${value}`));
}
