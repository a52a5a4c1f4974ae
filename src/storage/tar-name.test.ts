import { expect, test } from "bun:test";
import { decodeName, encodeName } from "./tar-name.ts";

const names: readonly (readonly [claim: string, bytes: Uint8Array, text: string])[] = [
  ["ASCII", Buffer.from("usr/bin/sh"), "usr/bin/sh"],
  ["UTF-8", Buffer.from("grüße/\u{1f6a2}"), "grüße/\u{1f6a2}"],
  ["Latin-1", Uint8Array.of(0x67, 0xfc, 0x2f, 0xff), "g\udcfc/\udcff"],
  ["UTF-8 beside Latin-1", Uint8Array.of(0xc3, 0xbc, 0x2f, 0xfc), "ü/\udcfc"],
  ["a lone surrogate in UTF-8's form", Uint8Array.of(0xed, 0xb3, 0xbf), "\udced\udcb3\udcbf"],
  ["a byte order mark", Uint8Array.of(0xef, 0xbb, 0xbf, 0x61), "\ufeffa"],
  ["nothing", new Uint8Array(0), ""],
  ["slashes only", Buffer.from("//"), "//"],
];

for (const [claim, bytes, text] of names)
  test(`names: ${claim} survives the way there and back`, () => {
    expect(decodeName(bytes)).toBe(text);
    expect(Buffer.from(encodeName(text))).toEqual(Buffer.from(bytes));
  });
