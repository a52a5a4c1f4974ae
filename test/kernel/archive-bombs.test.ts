// Archives that are made to exhaust whoever takes them: each is refused with a clear error and leaves nothing behind.
import { afterAll, afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { InvalidParameterError } from "../../src/base/errors.ts";
import { realHost } from "../../src/base/host.ts";
import { silentLog } from "../../src/base/log.ts";
import { LayerStore } from "../../src/storage/layer-store.ts";
import { encodePax } from "../../src/storage/tar-pax.ts";
import { encodeArchive, encodeEntry, padding, plainEntry } from "../../src/storage/tar-writer.ts";
import { stream } from "./image-archives.ts";

const top = mkdtempSync("/tmp/sampan-bombs-");
afterAll(() => rmSync(top, { recursive: true, force: true }));

let layers: LayerStore;
let root = "";
beforeEach(() => {
  root = mkdtempSync(join(top, "root-"));
  layers = new LayerStore(realHost(silentLog), root);
});
afterEach(async () => {
  await layers.idle();
  expect(readdirSync(join(root, "graph", ":tmp:"))).toEqual([]);
});

/** A block of type `type` with a body, as encodeEntry would not write it. */
function raw(type: string, body: Uint8Array): Buffer {
  const header = Buffer.from(encodeEntry({ ...plainEntry, path: "x", sizeBytes: body.length }));
  header.write(type, 156, "latin1");
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return Buffer.concat([header, body, padding(body.length)]);
}

const pax = (records: Readonly<Record<string, string | Uint8Array>>): Uint8Array =>
  encodePax(new Map(Object.entries(records).map(([key, value]) => [key, Buffer.from(value)])));
const file = encodeArchive([{ path: "f", body: "x" }]);
const withRecords = (records: Readonly<Record<string, string | Uint8Array>>): Buffer =>
  Buffer.concat([raw("x", pax(records)), file]);
const sparse = (map: string, size: string): Buffer =>
  withRecords({ "GNU.sparse.map": map, "GNU.sparse.size": size });
/** Fewer bytes than the header says. */
const cut = Buffer.from(encodeEntry({ ...plainEntry, path: "f", sizeBytes: 10_000 }));

const bombs: readonly (readonly [claim: string, archive: Buffer, message: RegExp])[] = [
  ["a size that is not there", Buffer.concat([cut, Buffer.alloc(512)]), /unexpected EOF/],
  [
    "a size of a pebibyte",
    Buffer.from(encodeEntry({ ...plainEntry, path: "f", sizeBytes: 2 ** 50 })),
    /more than there is room for/,
  ],
  [
    "a size in pax that overrules the header's",
    withRecords({ size: String(2 ** 50) }),
    /more than there is room for/,
  ],
  ["a negative size", withRecords({ size: "-1" }), /pax size/],
  ["a size that no number holds", withRecords({ size: "9".repeat(30) }), /pax size/],
  ["a hole of a pebibyte", sparse("0,1", String(2 ** 50)), /more than there is room for/],
  [
    "many holes that sum up",
    Buffer.concat(Array.from({ length: 2000 }, () => sparse("0,1", String(2 ** 40)).subarray(0, 2560))),
    /more than there is room for/,
  ],
  ["pieces of a sparse file that overlap", sparse("0,1,0,0", "5"), /malformed sparse map|unexpected EOF/],
  ["pieces behind the end of a sparse file", sparse("100,1", "5"), /malformed sparse map/],
  ["a map with more in it than the body", sparse("0,1,10,5", "50"), /malformed sparse map/],
  [
    "a sparse map without end",
    withRecords({ "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "1" }),
    /malformed sparse map/,
  ],
  [
    "an extended header of 2 MiB",
    Buffer.concat([raw("x", pax({ comment: "c".repeat(2 << 20) })), file]),
    /an extended header of \d+ bytes/,
  ],
  [
    "a name of 2 MiB",
    Buffer.concat([raw("L", Buffer.alloc(2 << 20, "n")), file]),
    /an extended header of \d+ bytes/,
  ],
  ["a path of 500,000 folders", withRecords({ path: "d/".repeat(500_000) }), /name too long/],
  [
    "a target of 500,000 bytes",
    Buffer.concat([
      raw("x", pax({ linkpath: "t".repeat(500_000) })),
      encodeArchive([{ path: "l", kind: "symlink", target: "t" }]),
    ]),
    /name too long/,
  ],
  [
    "global records that pile up",
    Buffer.concat([
      ...Array.from({ length: 300 }, (_, at) => raw("g", pax({ [`key${at}`]: "v".repeat(1000) }))),
      file,
    ]),
    /bytes of global records/,
  ],
  [
    "an attribute that is too large for Linux",
    withRecords({ "SCHILY.xattr.user.big": "v".repeat(100_000) }),
    /argument list too long|too large|E2BIG/,
  ],
  [
    "nothing but headers that belong to no entry",
    Buffer.concat([...Array.from({ length: 50 }, () => raw("x", pax({ a: "b" }))), Buffer.alloc(100)]),
    /unexpected EOF/,
  ],
  ["nothing at all", Buffer.alloc(0), /the archive is empty/],
];

for (const [claim, archive, message] of bombs)
  for (const [form, bytes] of [
    ["", archive],
    [", compressed", archive.length === 0 ? archive : gzipSync(archive)],
  ] as const)
    test(`bomb: ${claim}${form}`, async () => {
      const failure = await layers.stage(stream(bytes)).catch((err: unknown) => err);
      expect(failure).toBeInstanceOf(InvalidParameterError);
      expect((failure as Error).message).toMatch(message);
    });

test("bomb: one name over and over is taken, and written again, in a time that grows as the archive does", async () => {
  const msFor = async (length: number): Promise<number> => {
    const archive = encodeArchive(Array.from({ length }, (_, at) => ({ path: "same", body: String(at) })));
    const startedAt = performance.now();
    const [record] = await layers.commit(undefined, [await layers.stage(stream(archive))]);
    let bytes = 0;
    for await (const chunk of layers.archive(record?.chainID ?? "")) bytes += chunk.length;
    expect(bytes).toBe(archive.length);
    return performance.now() - startedAt;
  };
  const few = await msFor(500);
  // Ten times, and some for a busy machine; the square would be a hundred times.
  expect(await msFor(5000)).toBeLessThan(few * 40);
}, 120_000);

test("bomb: the pieces of a sparse file one by one, by the ten thousands, take no time", async () => {
  const piece = "GNU.sparse.offset=0\n";
  const record = `${piece.length + 3} ${piece}`;
  const archive = Buffer.concat([raw("x", Buffer.from(record.repeat(40_000))), file]);
  const startedAt = performance.now();
  await layers
    .stage(stream(archive))
    .catch(() => undefined)
    .then((layer) => layer && layers.discard(layer));
  expect(performance.now() - startedAt).toBeLessThan(5000);
});
