import { expect, test } from "bun:test";
import { seededRandom } from "../../test/harness/random.ts";
import { randomBytes } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import { ZstdFrames } from "./zstd-frames.ts";

const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const streams: readonly (readonly [claim: string, bytes: Buffer])[] = [
  ["one small frame", zstdCompressSync(Buffer.from("x"))],
  ["many blocks", zstdCompressSync(randomBytes(500_000))],
  ["repeats", zstdCompressSync(Buffer.alloc(500_000, "a"))],
  ["a checksum", zstdCompressSync(randomBytes(300_000), checksum)],
  ["two frames", Buffer.concat([zstdCompressSync(Buffer.from("x")), zstdCompressSync(randomBytes(200))])],
  ["nothing in it", zstdCompressSync(Buffer.alloc(0))],
];

for (const [claim, bytes] of streams)
  test(`ZstdFrames: ${claim}: complete at the frame's end only`, () => {
    for (const step of [1, 7, 1_000_000]) {
      const frames = new ZstdFrames();
      for (let at = 0; at < bytes.length; at += step) frames.push(bytes.subarray(at, at + step));
      expect(frames.complete).toBe(true);
    }
    for (const cut of [1, 2, 5, bytes.length >> 1]) {
      const frames = new ZstdFrames();
      frames.push(bytes.subarray(0, bytes.length - cut));
      expect([frames.complete, cut]).toEqual([bytes.length === cut, cut]);
    }
  });

test("ZstdFrames: any bytes are watched without an error, and cut anywhere they count the same", () => {
  const random = seededRandom(1);
  const good = Buffer.concat([
    zstdCompressSync(random.bytes(2000)),
    zstdCompressSync(Buffer.alloc(50), checksum),
  ]);
  for (let round = 0; round < 2000; round++) {
    const bytes = round % 3 === 0 ? random.bytes(random.below(60)) : Buffer.from(good);
    for (let hits = random.below(4); hits > 0; hits--) bytes[random.below(bytes.length)] = random.below(256);
    const [whole, cut] = [new ZstdFrames(), new ZstdFrames()];
    whole.push(bytes);
    for (let at = 0; at < bytes.length;) cut.push(bytes.subarray(at, (at += 1 + random.below(200))));
    expect(cut.complete).toBe(whole.complete);
  }
});
