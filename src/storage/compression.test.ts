import { expect, test } from "bun:test";
import { seededRandom } from "../../test/harness/random.ts";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { InvalidParameterError } from "../base/errors.ts";
import type { ByteSource } from "./byte-reader.ts";
import { compressionOf, decompressed } from "./compression.ts";

const text = Buffer.from("sampan ".repeat(200_000));

async function* pieces(bytes: Uint8Array, step = 4096): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

/** Each piece lies where the one before did. */
async function* reusing(source: ByteSource): AsyncGenerator<Uint8Array> {
  const memory = Buffer.alloc(text.length);
  for await (const chunk of source) {
    memory.fill(0xaa).set(chunk);
    yield memory.subarray(0, chunk.length);
  }
}

async function collect(source: ByteSource): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of source) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);

const forms: readonly (readonly [form: string, bytes: Uint8Array])[] = [
  ["none", text],
  ["gzip", gzipSync(text)],
  ["gzip in two members", Buffer.concat([gzipSync(text.subarray(0, 1000)), gzipSync(text.subarray(1000))])],
  ["zstd", zstdCompressSync(text)],
  [
    "zstd in two frames",
    Buffer.concat([zstdCompressSync(text.subarray(0, 9)), zstdCompressSync(text.subarray(9))]),
  ],
  ["zstd behind a frame to skip", Buffer.concat([skippable, zstdCompressSync(text)])],
];

for (const [form, bytes] of forms)
  for (const step of [1000, 10_000_000])
    test(`decompressed: ${form}, in pieces of ${step}`, async () => {
      expect((await collect(decompressed(pieces(bytes, step)))).equals(text)).toBe(true);
      for (const where of ["elsewhere", "here"] as const)
        expect((await collect(decompressed(reusing(pieces(bytes, step)), where))).equals(text)).toBe(true);
    });

test("decompressed: nothing stays nothing", async () => {
  expect(await collect(decompressed(pieces(Buffer.alloc(0))))).toHaveLength(0);
});

const broken: readonly (readonly [claim: string, bytes: Uint8Array])[] = [
  ["cut gzip", gzipSync(text).subarray(0, 1000)],
  ["cut zstd", zstdCompressSync(text).subarray(0, 60)],
  [
    "zstd cut in the second frame",
    Buffer.concat([zstdCompressSync(text), zstdCompressSync(text).subarray(0, 3)]),
  ],
  ["rubbish after gzip's mark", Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), Buffer.alloc(100, 0xee)])],
  [
    "rubbish after zstd's mark",
    Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), Buffer.alloc(100, 0xee)]),
  ],
];

for (const [claim, bytes] of broken)
  test(`decompressed: ${claim} is an InvalidParameterError`, async () => {
    for (const where of ["elsewhere", "here"] as const)
      expect(await collect(decompressed(pieces(bytes), where)).catch((err: unknown) => err)).toBeInstanceOf(
        InvalidParameterError,
      );
  });

for (const step of [1000, 10_000_000])
  test(`decompressed here: bytes behind the end are refused, in pieces of ${step}`, async () => {
    for (const rubbish of [Buffer.alloc(2000), Buffer.alloc(2000, 7)]) {
      const bytes = Buffer.concat([gzipSync(text), rubbish]);
      const failure = await collect(decompressed(pieces(bytes, step), "here")).catch((err: unknown) => err);
      expect(failure).toBeInstanceOf(InvalidParameterError);
    }
  });

test("decompressed: a failure of the source is passed on as it is", async () => {
  const failure = new Error("connection reset");
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield gzipSync(text).subarray(0, 500);
    throw failure;
  }
  expect(await collect(decompressed(failing())).catch((err: unknown) => err)).toBe(failure);
});

test("decompressed: a reader that stops early closes the source", async () => {
  let closed = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield zstdCompressSync(text);
    } finally {
      closed = true;
    }
  }
  for await (const chunk of decompressed(endless())) if (chunk.length > 0) break;
  await Bun.sleep(10);
  expect(closed).toBe(true);
});

test("compressionOf: xz, bzip2 and too little are told apart", () => {
  expect(compressionOf(Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]))).toBe("xz");
  expect(compressionOf(Buffer.from("BZh91AY"))).toBe("bzip2");
  expect(compressionOf(Buffer.from([0x1f, 0x8b]))).toBe("none");
  expect(compressionOf(Buffer.alloc(0))).toBe("none");
});

test("decompressed: damaged anywhere, it gives bytes or an InvalidParameterError", async () => {
  const random = seededRandom(1);
  const plain = random.bytes(3000);
  const wholes = [gzipSync(plain), zstdCompressSync(plain)];
  let refused = 0;
  for (let round = 0; round < 300; round++) {
    const damaged = Buffer.from(random.pick(wholes));
    for (let hits = 1 + random.below(3); hits > 0; hits--)
      damaged[random.below(damaged.length)] = random.below(256);
    const cut = random.oneIn(3) ? damaged.subarray(0, random.below(damaged.length)) : damaged;
    const where = random.oneIn(2) ? "here" : "elsewhere";
    const outcome = await collect(decompressed(pieces(cut, 1 + random.below(1500)), where)).catch(
      (err: unknown) => err,
    );
    if (outcome instanceof Buffer) continue;
    expect(outcome).toBeInstanceOf(InvalidParameterError);
    refused += 1;
  }
  expect(refused).toBeGreaterThan(100);
});
