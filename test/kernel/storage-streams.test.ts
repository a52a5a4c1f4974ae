// Layers out of streams, large enough to be unpacked on another thread.
import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { InvalidParameterError } from "../../src/base/errors.ts";
import { realHost } from "../../src/base/host.ts";
import { silentLog } from "../../src/base/log.ts";
import { LayerStore, type StagedLayer } from "../../src/storage/layer-store.ts";
import { sha256, tarOf } from "../harness/tar.ts";
import { seededRandom } from "../harness/random.ts";
import { look } from "./other-eyes.ts";

const top = mkdtempSync("/tmp/sampan-streams-");
afterAll(() => rmSync(top, { recursive: true, force: true }));

let layers: LayerStore;
beforeEach(() => {
  layers = new LayerStore(realHost(silentLog), mkdtempSync(join(top, "root-")));
});
afterEach(async () => await layers.idle());

const random = seededRandom(1);
const files = Object.fromEntries(
  Array.from({ length: 60 }, (_, at) => [
    // Some in headers, some in records before them.
    `folder${at % 7}/${["file", "größe", "舢板", "long".repeat(40)][at % 4]}${at}`,
    random.bytes(random.below(300_000)),
  ]),
);
const archive = Buffer.from(await tarOf(files));

/** The next piece lies where the one before did. */
async function* pieces(bytes: Uint8Array, { over = () => {} } = {}): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(70_001);
  try {
    for (let at = 0; at < bytes.length; at += memory.length) {
      const piece = bytes.subarray(at, at + memory.length);
      memory.set(piece);
      yield memory.subarray(0, piece.length);
    }
  } finally {
    over();
  }
}

function check(layer: StagedLayer): void {
  expect(layer.diffID).toBe(`sha256:${sha256(archive)}`);
  expect(layer.archiveBytes).toBe(archive.length);
  const found = look("find", join(layer.folder, "diff"), "-type", "f").trim().split("\n");
  expect(found.length).toBe(Object.keys(files).length);
  for (const [path, bytes] of Object.entries(files))
    expect(look("sha256sum", join(layer.folder, "diff", path)).slice(0, 64)).toBe(sha256(bytes));
}

const scratches = (): string[] => readdirSync(join(layers.folder, ":tmp:"));

describe("a large archive", () => {
  test("is unpacked, and can be written again", async () => {
    const layer = await layers.stage(pieces(archive));
    check(layer);
    const [record] = await layers.commit(undefined, [layer]);
    const again = await Array.fromAsync(layers.archive(record?.chainID ?? ""), (bytes) => Buffer.from(bytes));
    expect(Buffer.concat(again).equals(archive)).toBe(true);
  });

  test("may be compressed", async () => {
    const [packed, half] = [gzipSync(archive, { level: 1 }), archive.length / 2];
    check(await layers.stage(Readable.from([packed.subarray(0, half), packed.subarray(half)])));
  });

  test("several at once, more than there are threads", async () => {
    const staged = await Promise.all(Array.from({ length: 6 }, () => layers.stage(pieces(archive))));
    staged.forEach(check);
  });

  test("goes on while others stand still", async () => {
    const { promise: never, reject } = Promise.withResolvers<void>();
    async function* stalled(): AsyncGenerator<Uint8Array> {
      yield* pieces(archive.subarray(0, 4 << 20));
      await never;
    }
    const waiting = Array.from({ length: 8 }, () => layers.stage(stalled()).catch(String));
    await Bun.sleep(50);
    check(await layers.stage(pieces(archive)));
    reject(new Error("gone"));
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["Error: gone"]));
  });
});

describe("nothing is left of a large archive", () => {
  test("whose source fails: its error is the one", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* pieces(archive.subarray(0, 3 << 20));
      throw new TypeError("the client is gone");
    }
    const failure = await layers.stage(failing()).catch((err: unknown) => err);
    expect(failure).toBeInstanceOf(TypeError);
    await layers.idle();
    expect(scratches()).toEqual([]);
  });

  test("that is damaged: its source is read no further than it need be, and told", async () => {
    const damaged = Buffer.concat([archive.subarray(0, 2 << 20), random.bytes(16 << 20)]);
    let isOver = false;
    const source = pieces(damaged, { over: () => (isOver = true) });
    const failure = await layers.stage(source).catch((err: unknown) => err);
    expect(failure).toBeInstanceOf(InvalidParameterError);
    expect(isOver).toBe(true);
    await layers.idle();
    expect(scratches()).toEqual([]);
  });

  test("that breaks off", async () => {
    const failure = await layers
      .stage(pieces(archive.subarray(0, archive.length >> 1)))
      .catch((err: unknown) => err);
    expect(failure).toBeInstanceOf(InvalidParameterError);
    await layers.idle();
    expect(scratches()).toEqual([]);
  });

  test("that nobody wants any more", async () => {
    const leaving = new AbortController();
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield* pieces(archive.subarray(0, 4 << 20));
      leaving.abort(new TypeError("enough"));
      yield* pieces(archive.subarray(4 << 20));
    }
    const failure = await layers.stage(slow(), leaving.signal).catch((err: unknown) => err);
    expect(failure).toBeInstanceOf(TypeError);
    await layers.idle();
    expect(scratches()).toEqual([]);
    expect(existsSync(layers.folder)).toBe(true);
  });
});
