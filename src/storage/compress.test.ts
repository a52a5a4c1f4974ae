import { expect, test } from "bun:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { chunkBytes } from "./chunks.ts";
import { Compressors } from "./compress.ts";
import type { PushCompression } from "./compress-block.ts";
import { decompressed } from "./compression.ts";
import { ThreadPool } from "./threads.ts";

const compressors = new Compressors(new ThreadPool());
const text = Buffer.from(Array.from({ length: 300_000 }, (_, at) => `line ${at * 7919}\n`).join(""));

async function* cut(bytes: Uint8Array, step: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

async function whole(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source, (bytes) => bytes.slice()));
}

const formats: readonly PushCompression[] = ["gzip", "zstd"];

test.each(formats)(
  "compressed: %s of what comes in any pieces is the same, and is it again",
  async (format) => {
    const packed = await whole(compressors.compressed(cut(text, 1 << 16), format));
    expect(packed.equals(await whole(compressors.compressed(cut(text, 99_991), format)))).toBe(true);
    expect(packed.length).toBeLessThan(text.length / 2);
    const unpack = format === "gzip" ? gunzipSync : zstdDecompressSync;
    expect(text.equals(unpack(packed))).toBe(true);
    expect(text.equals(await whole(decompressed(cut(packed, 5000))))).toBe(true);
  },
);

test.each(formats)("compressed: %s of nothing is nothing again", async (format) => {
  const packed = await whole(compressors.compressed(cut(new Uint8Array(0), 1), format));
  expect((await whole(decompressed(cut(packed, 3)))).length).toBe(0);
});

test.each(formats)("compressed: %s of what cannot be made smaller", async (format) => {
  const noise = () => crypto.getRandomValues(new Uint8Array(1 << 16));
  const bytes = Buffer.concat(Array.from({ length: 20 }, noise));
  const packed = await whole(compressors.compressed(cut(bytes, 1 << 15), format));
  const unpack = format === "gzip" ? gunzipSync : zstdDecompressSync;
  expect(bytes.equals(unpack(packed))).toBe(true);
  const tiny = Buffer.from("x");
  expect(unpack(await whole(compressors.compressed(cut(tiny, 1), format))).equals(tiny)).toBe(true);
});

test("compressed: many at once are not mixed up", async () => {
  const texts = Array.from({ length: 12 }, (_, at) => Buffer.from(text.map((byte) => byte ^ at)));
  const packed = await Promise.all(
    texts.map((bytes) => whole(compressors.compressed(cut(bytes, 99_991), "zstd"))),
  );
  expect(packed.every((bytes, at) => texts[at]?.equals(zstdDecompressSync(bytes)))).toBe(true);
});

test("compressed: gzip is read by gzip(1)", async () => {
  const packed = await whole(compressors.compressed(cut(text, 1 << 16), "gzip"));
  const child = Bun.spawn(["gzip", "-dc"], { stdin: packed, stdout: "pipe" });
  expect(text.equals(Buffer.from(await child.stdout.bytes()))).toBe(true);
});

test("compressed: a source may fill the same blocks again and again", async () => {
  const used = new Set<ArrayBufferLike>();
  async function* refilling(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < text.length; at += chunkBytes) {
      const piece = text.subarray(at, at + chunkBytes);
      const block = compressors.takeChunk();
      used.add(block.buffer);
      block.set(piece);
      yield block.subarray(0, piece.length);
    }
  }
  const packed = await whole(compressors.compressed(refilling(), "gzip"));
  expect(text.equals(gunzipSync(packed))).toBe(true);
  expect(used.size).toBeLessThan(text.length / chunkBytes / 2);
});

test("compressed: a source that fails, fails it", async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield text;
    throw new Error("disk");
  }
  expect(await whole(compressors.compressed(failing(), "gzip")).catch(String)).toBe("Error: disk");
});
