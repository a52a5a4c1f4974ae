import { describe, expect, test } from "bun:test";
import { copyPlain, copyUnescaped, WordsOf } from "./log-words.ts";

type Copy = typeof copyPlain;

/** What was copied of `text`, which lies at an odd place in a larger memory. */
function copied(copy: Copy, text: Uint8Array): Uint8Array {
  const input = Buffer.concat([Buffer.from('"""'), text, Buffer.from('"""""""""')]);
  const output = new Uint8Array(text.length + 16).fill(0xee);
  const count = copy(new WordsOf().of(input), 3, 3 + text.length, new WordsOf().of(output), 5);
  expect(output.subarray(0, 5)).toEqual(new Uint8Array(5).fill(0xee));
  return output.subarray(5, 5 + count);
}

const bytes = Array.from({ length: 256 }, (_, byte) => byte);
const functions: readonly [name: string, copy: Copy, stops: (byte: number) => boolean][] = [
  ["copyPlain", copyPlain, (byte) => byte < 0x20 || byte === 0x22 || byte === 0x5c || byte >= 0x80],
  ["copyUnescaped", copyUnescaped, (byte) => byte === 0x22 || byte === 0x5c],
];

describe.each(functions)("%s", (_name, copy, stops) => {
  test("every byte at each place of a step ends it, or does not", () => {
    for (const byte of bytes)
      for (let place = 0; place < 8; place++) {
        const text = Buffer.from("abcdefgh");
        text[place] = byte;
        expect(copied(copy, text).length).toBe(stops(byte) ? place : 8);
      }
  });

  test("of two that end it the first counts, whatever follows", () => {
    for (const first of bytes.filter(stops))
      for (const second of bytes) {
        const text = Buffer.from([0x61, 0x62, first, second, second, second, second, second, second]);
        expect(copied(copy, text).length).toBe(2);
      }
  });

  test("what is copied is what was there, and only whole steps of it", () => {
    for (let length = 0; length < 40; length++) {
      const text = Buffer.from("The quick brown fox jumps over the lazy dog".slice(0, length));
      expect(Buffer.from(copied(copy, text))).toEqual(text.subarray(0, length - (length % 8)));
    }
  });
});
