import { expect, test } from "bun:test";
import { seededRandom } from "../../test/harness/random.ts";
import { InvalidParameterError } from "../base/errors.ts";
import { TarReader, type TarEntry, type TarLimits } from "./tar-reader.ts";
import {
  archiveEnd,
  encodeArchive,
  encodeEntry,
  padding,
  plainEntry,
  type EntryWithBody,
} from "./tar-writer.ts";
import { encodePax } from "./tar-pax.ts";

type Read = { readonly entry: TarEntry; readonly body: string };

/** Reads everything from a source that gives pieces of `step` bytes. */
async function readAll(archive: Uint8Array, step = 1000, limits?: TarLimits): Promise<Read[]> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < archive.length; at += step) yield archive.subarray(at, at + step);
  }
  const reader = new TarReader(pieces(), limits);
  const found: Read[] = [];
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    const parts: Buffer[] = [];
    for await (const piece of reader.body()) parts.push(Buffer.from(piece));
    found.push({ entry, body: Buffer.concat(parts).toString() });
  }
  return found;
}

async function problem(archive: Uint8Array, limits?: TarLimits): Promise<string> {
  try {
    await readAll(archive, 700, limits);
  } catch (err) {
    if (err instanceof InvalidParameterError) return err.message;
    throw err;
  }
  return "";
}

/** An entry of a type that the writer does not know, with any body. */
function rawEntry(type: string, path: string, body: Uint8Array | string, size = body.length): Uint8Array {
  const block = Buffer.from(encodeEntry({ ...plainEntry, path, sizeBytes: size }));
  block.write(type, 156, "latin1");
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return Buffer.concat([block, Buffer.from(body), padding(body.length)]);
}

const every: readonly TarEntry[] = [
  { ...plainEntry, path: "dir/", kind: "directory", mode: 0o1777, modifiedNs: 1_700_000_000_123_456_789n },
  { ...plainEntry, path: "dir/file", mode: 0o4755, uid: 1000, gid: 3_000_000_000, sizeBytes: 5 },
  { ...plainEntry, path: "before/1970", modifiedNs: -1_500_000_000n },
  { ...plainEntry, path: `${"long/".repeat(60)}name`, accessedNs: 5_000_000_000n },
  { ...plainEntry, path: "grüße/\u{1f6a2}", kind: "symlink", target: `/${"t".repeat(300)}` },
  { ...plainEntry, path: "not-utf8-\udcff\udc80", kind: "symlink", target: "\udcfe" },
  { ...plainEntry, path: "hard", kind: "hardlink", target: "dir/file" },
  { ...plainEntry, path: "null", kind: "char", deviceMajor: 1, deviceMinor: 3, mode: 0o666 },
  { ...plainEntry, path: "disk", kind: "block", deviceMajor: 8, deviceMinor: 1, mode: 0o660 },
  { ...plainEntry, path: "pipe", kind: "fifo" },
  {
    ...plainEntry,
    path: "caps",
    xattrs: new Map([["security.capability", Uint8Array.of(1, 0, 0, 2, 10, 61)]]),
  },
];

function withBody(entry: TarEntry): EntryWithBody {
  return Object.assign({ body: "x".repeat(entry.sizeBytes) }, entry);
}

for (const step of [1, 511, 512, 513, 100_000])
  test(`what the writer writes the reader reads, in pieces of ${step} bytes`, async () => {
    const archive = encodeArchive(every.map(withBody));
    const found = await readAll(archive, step);
    expect(found.map(({ entry }) => entry)).toEqual([...every]);
    expect(found.map(({ body }) => body.length)).toEqual(every.map((entry) => entry.sizeBytes));
  });

test("a body that nobody reads is passed over", async () => {
  const archive = encodeArchive([
    { path: "a", body: "a".repeat(5000) },
    { path: "b", body: "bb" },
  ]);
  async function* once(): AsyncGenerator<Uint8Array> {
    yield archive;
  }
  const reader = new TarReader(once());
  expect((await reader.next())?.path).toBe("a");
  expect((await reader.next())?.path).toBe("b");
  expect(Buffer.from((await reader.read()) ?? []).toString()).toBe("bb");
  expect(await reader.next()).toBeUndefined();
});

test("GNU long names and targets overrule the header's", async () => {
  const path = "p".repeat(200);
  const target = "t".repeat(200);
  const archive = Buffer.concat([
    rawEntry("L", "././@LongLink", `${path}\0`),
    rawEntry("K", "././@LongLink", `${target}\0`),
    rawEntry("2", "short", ""),
    archiveEnd(),
  ]);
  const [found] = await readAll(archive);
  expect(found?.entry).toMatchObject({ path, target, kind: "symlink" });
});

test("a global pax header counts for all that follow, a local one for the next entry", async () => {
  const pax = (records: Record<string, string>): Uint8Array =>
    encodePax(new Map(Object.entries(records).map(([key, value]) => [key, Buffer.from(value)])));
  const archive = Buffer.concat([
    rawEntry("g", "global", pax({ uid: "7", comment: "x" })),
    rawEntry("x", "local", pax({ uid: "8", path: "first" })),
    rawEntry("0", "a", ""),
    rawEntry("0", "second", ""),
    archiveEnd(),
  ]);
  const found = await readAll(archive);
  expect(found.map(({ entry }) => [entry.path, entry.uid])).toEqual([
    ["first", 8],
    ["second", 7],
  ]);
});

test("a V7 name that ends in a slash is a folder; a folder's size is no body", async () => {
  const archive = Buffer.concat([rawEntry("0", "old/", ""), rawEntry("5", "dir", "", 4096), archiveEnd()]);
  const found = await readAll(archive);
  expect(found.map(({ entry }) => [entry.kind, entry.sizeBytes])).toEqual([
    ["directory", 0],
    ["directory", 0],
  ]);
});

test("a sparse file of format 1.0 gives its pieces and where they belong", async () => {
  const records = new Map(
    Object.entries({
      "GNU.sparse.major": "1",
      "GNU.sparse.minor": "0",
      "GNU.sparse.name": "holes",
      "GNU.sparse.realsize": "1000000",
    }).map(([key, value]) => [key, Buffer.from(value)] as const),
  );
  const map = Buffer.alloc(512);
  map.write("2\n0\n3\n500000\n4\n");
  const archive = Buffer.concat([
    rawEntry("x", "PaxHeader", encodePax(records)),
    rawEntry("0", "GNUSparseFile.1/holes", Buffer.concat([map, Buffer.from("abcdefg")])),
    rawEntry("0", "next", ""),
    archiveEnd(),
  ]);
  const found = await readAll(archive, 100);
  expect(found.map(({ entry }) => entry.path)).toEqual(["holes", "next"]);
  expect(found[0]?.body).toBe("abcdefg");
  expect(found[0]?.entry.sparse).toEqual({
    fileBytes: 1_000_000,
    extents: [
      { offset: 0, sizeBytes: 3 },
      { offset: 500_000, sizeBytes: 4 },
    ],
  });
});

const refused: readonly (readonly [claim: string, archive: Uint8Array, message: string])[] = [
  ["rubbish", Buffer.alloc(2048, "rubbish "), "invalid tar header"],
  ["half a header", encodeArchive([{ path: "a" }]).subarray(0, 300), "unexpected EOF in the archive"],
  [
    "half a body",
    encodeArchive([{ path: "a", body: "x".repeat(999) }]).subarray(0, 1000),
    "unexpected EOF in the archive",
  ],
  ["half a pax header", rawEntry("x", "x", "30 path=abc\n"), "invalid tar header: malformed pax record"],
  [
    "a pax record with no end",
    rawEntry("x", "x", "12 path=abcd"),
    "invalid tar header: malformed pax record",
  ],
  [
    "a pax record of length 0",
    rawEntry("x", "x", "0 path=abc\n"),
    "invalid tar header: malformed pax record",
  ],
  [
    "a huge pax header",
    rawEntry("x", "x", "", 2 ** 30),
    "invalid tar header: an extended header of 1073741824 bytes",
  ],
  [
    "a negative pax size",
    Buffer.concat([rawEntry("x", "x", "11 size=-5\n"), rawEntry("0", "a", "")]),
    'invalid tar header: pax size is "-5"',
  ],
  ["an unknown type", rawEntry("Z", "a", ""), 'unhandled tar header type "Z"'],
  [
    "a name with a NUL",
    Buffer.concat([rawEntry("x", "x", "12 path=a\0b\n"), rawEntry("0", "a", "")]),
    "invalid tar header: bad name",
  ],
  ["no name", rawEntry("0", "", ""), "invalid tar header: bad name"],
];

for (const [claim, archive, message] of refused)
  test(`refused: ${claim}`, async () => {
    expect(await problem(archive)).toBe(message);
  });

test("limits: entries and declared bytes are counted before anything is read", async () => {
  const archive = encodeArchive([
    { path: "a", body: "123" },
    { path: "b", body: "456" },
  ]);
  expect(await problem(archive, { maxEntries: 2, maxTotalBytes: 6 })).toBe("");
  expect(await problem(archive, { maxEntries: 1, maxTotalBytes: 6 })).toBe(
    "the archive has more than 1 entries",
  );
  expect(await problem(archive, { maxEntries: 2, maxTotalBytes: 5 })).toBe(
    "the archive declares more than 5 bytes of files, more than there is room for",
  );
});

test("no damage to an archive gives anything but an entry or an InvalidParameterError", async () => {
  const archive = encodeArchive(every.map(withBody));
  // A small generator with a fixed seed, so that a failure comes again.
  let seed = 12345;
  const below = (limit: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % limit;
  };
  let refusals = 0;
  for (let round = 0; round < 1500; round++) {
    const damaged = Buffer.from(
      archive.subarray(0, round % 3 === 0 ? below(archive.length) : archive.length),
    );
    for (let hit = below(4); hit >= 0; hit--) damaged[below(Math.max(1, damaged.length))] = below(256);
    // Half of the headers are given a right checksum again, or nothing behind it would ever be reached.
    for (let at = 0; at + 512 <= damaged.length; at += 512) {
      if (round % 2 === 1 || damaged.toString("latin1", at + 257, at + 262) !== "ustar") continue;
      damaged.fill(" ", at + 148, at + 156);
      const sum = damaged.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
      damaged.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
    }
    if ((await problem(damaged)) !== "") refusals++;
  }
  expect(refusals).toBeGreaterThan(300);
});

test("any entries that are written are read back the same", async () => {
  const random = seededRandom(1);
  const name = (): string =>
    random.pick(["a", "dir/é", "x".repeat(99), "y".repeat(101), `${"long/".repeat(60)}z`]) +
    String(random.below(100));
  for (let round = 0; round < 100; round++) {
    const written = Array.from({ length: random.below(6) }, () => {
      const kind = random.pick(["file", "symlink", "hardlink", "directory", "fifo", "char"] as const);
      const modifiedNs =
        BigInt(random.below(2 ** 31)) * 1_000_000_000n + BigInt(random.oneIn(2) ? 0 : random.below(1e9));
      return {
        ...plainEntry,
        path: name() + (kind === "directory" ? "/" : ""),
        kind,
        target: kind === "symlink" || kind === "hardlink" ? name() : "",
        mode: random.below(0o10000),
        uid: random.pick([0, 1000, 2_097_151, 2_097_152, 2 ** 31]),
        gid: random.below(70_000),
        modifiedNs,
        accessedNs: random.oneIn(2) ? modifiedNs : -5n,
        deviceMajor: kind === "char" ? random.below(256) : 0,
        deviceMinor: kind === "char" ? random.below(256) : 0,
        xattrs: new Map(
          random.oneIn(2) ? [] : [["user.é=%3D", Uint8Array.from(random.bytes(random.below(300)))]],
        ),
        body: kind === "file" ? random.bytes(random.below(1500)).toString("latin1") : "",
      };
    });
    const archive = encodeArchive(
      written.map(({ body, ...entry }) => ({ ...entry, body: Buffer.from(body, "latin1") })),
    );
    const found = await readAll(archive, 1 + random.below(2000));
    expect(found.map(({ entry }) => entry)).toEqual(
      written.map(({ body, ...entry }) => Object.assign(entry, { sizeBytes: body.length })),
    );
  }
});
