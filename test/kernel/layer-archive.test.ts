// The archive of a stored layer is written again byte for byte, whatever stood in it; seen by GNU tar's and sha256sum's eyes.
import { afterAll, afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { SystemError } from "../../src/base/errors.ts";
import { realHost } from "../../src/base/host.ts";
import { silentLog } from "../../src/base/log.ts";
import { LayerStore, type LayerRecord } from "../../src/storage/layer-store.ts";
import { encodeArchive, type EntryWithBody } from "../../src/storage/tar-writer.ts";
import { digest, stream } from "./image-archives.ts";
import { look } from "./other-eyes.ts";

const top = mkdtempSync("/tmp/sampan-layer-archive-");
afterAll(() => rmSync(top, { recursive: true, force: true }));

let layers: LayerStore;
let root = "";
beforeEach(() => {
  root = mkdtempSync(join(top, "root-"));
  layers = new LayerStore(realHost(silentLog), root);
});
afterEach(() => layers.idle());

async function store(archive: Uint8Array): Promise<LayerRecord> {
  const [record] = await layers.commit(undefined, [await layers.stage(stream(archive, 7001))]);
  if (record === undefined) throw new Error("no layer was committed");
  return record;
}

async function again(chainID: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of layers.archive(chainID)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const file = (path: string, body = path): EntryWithBody => ({ path, body });
const link = (path: string, target: string): EntryWithBody => ({ path, kind: "symlink", target });
const body = (bytes: number, char: string): string => char.repeat(bytes);

const odd: readonly (readonly [string, Uint8Array])[] = [
  ["nothing but its end", encodeArchive([])],
  ["no end at all", encodeArchive([file("a")]).subarray(0, 1024)],
  ["rubbish behind its end", Buffer.concat([encodeArchive([file("a")]), Buffer.from("rubbish".repeat(999))])],
  [
    "a second archive behind the first",
    Buffer.concat([encodeArchive([file("a")]), encodeArchive([file("b")])]),
  ],
  [
    "files larger than a chunk",
    encodeArchive([file("a", body(3_000_001, "a")), file("b", body(524_288, "b"))]),
  ],
  [
    "whiteouts, with bodies too",
    encodeArchive([file(".wh.a"), file("d/.wh..wh..opq", "body"), file(".wh..wh.plnk/x", "y")]),
  ],
  ["a hard link", encodeArchive([file("a", "body"), { path: "b", kind: "hardlink", target: "a" }])],
  ["a name twice", encodeArchive([file("a", "first"), file("a", "second and longer"), file("./a", "third")])],
  [
    "a hard link in place of a file",
    encodeArchive([file("a", "first"), file("b", "second"), { path: "a", kind: "hardlink", target: "b" }]),
  ],
  [
    "a file in place of a folder, and a folder in its place again",
    encodeArchive([
      file("d/e/a", "1"),
      file("d/b", "2"),
      file("d", "file"),
      { path: "d", kind: "directory" },
      file("d/e/a", "3"),
      file("d/e", "4"),
    ]),
  ],
  [
    "a folder that a link led to, replaced",
    encodeArchive([
      file("real/deep/a", "1"),
      link("way", "real/deep"),
      file("way/b", "2"),
      file("real", "file"),
      file("way2", "3"),
    ]),
  ],
  [
    "a link replaced by a folder",
    encodeArchive([
      file("real/a", "1"),
      link("way", "real"),
      file("way/b", "2"),
      file("real/b", "3"),
      file("way", "4"),
    ]),
  ],
  ["names that are no text", encodeArchive([file("d\udcff/f\udce9", "x"), file("d\udcff/f\udce9", "y")])],
];

for (const [claim, archive] of odd)
  test(`an archive with ${claim} comes out as it was`, async () => {
    const record = await store(archive);
    expect(record.archiveBytes).toBe(archive.length);
    expect(digest(await again(record.chainID))).toBe(digest(archive));
    // The next daemon can, too.
    layers = new LayerStore(realHost(silentLog), root);
    expect((await again(record.chainID)).equals(archive)).toBe(true);
  });

for (const options of [
  ["--format=pax", "--xattrs", "--xattrs-include=*", "--sparse"],
  ["--format=pax", "--sparse", "--sparse-version=0.0"],
  ["--format=gnu", "--sparse"],
  ["--format=ustar"],
])
  test(`GNU tar's ${options.join(" ")} comes out as it was, from a compressed one too`, async () => {
    const source = join(root, "source");
    mkdirSync(source);
    look(
      "bash",
      "-ec",
      `cd "$0"
      mkdir -p a/b; echo hello > a/file; ln a/file a/b/hard; ln -s a/file link; mknod null c 1 3; mkfifo pipe
      head -c 700000 /dev/urandom > a/big; : > empty; setfattr -n user.note -v x a/file
      truncate -s 9M sparse; printf middle | dd of=sparse bs=1 seek=2000000 conv=notrunc status=none
      truncate -s 1M hole`,
      source,
    );
    const path = join(root, "archive.tar");
    look("tar", "-cf", path, ...options, "-C", source, ".");
    const archive = readFileSync(path);
    const record = await store(gzipSync(archive));
    writeFileSync(join(root, "again.tar"), await again(record.chainID));
    look("cmp", path, join(root, "again.tar"));
  });

test("what is noted of an archive takes little room", async () => {
  const archive = encodeArchive(
    Array.from({ length: 5000 }, (_, at) => ({
      path: `usr/share/doc/package-${at % 50}/file-${at}`,
      modifiedNs: BigInt(at) * 1_000_000_000n,
      body: "x",
    })),
  );
  const record = await store(archive);
  const noted = statSync(join(root, "graph", record.chainID.slice(7), "tar-split")).size;
  expect(noted / 5000).toBeLessThan(40);
});

test("a copy of a layer for another place has its archive too", async () => {
  const archive = encodeArchive([file("a", "1"), file("a", "2")]);
  const record = await store(archive);
  const base = await store(encodeArchive([file("base")]));
  const [copied] = await layers.commit(base.chainID, [await layers.copy(record)]);
  expect((await again(copied?.chainID ?? "")).equals(archive)).toBe(true);
});

const failure = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => "it was taken",
    (reason: unknown) => reason,
  );

test("a layer that was damaged on disk is found out", async () => {
  const record = await store(encodeArchive([file("a", "12345")]));
  const path = join(layers.diff(record.chainID), "a");
  writeFileSync(path, "12346");
  expect(await failure(again(record.chainID))).toBeInstanceOf(SystemError);
  writeFileSync(path, "1");
  expect(String(await failure(again(record.chainID)))).toContain("too short");
  rmSync(path);
  expect(String(await failure(again(record.chainID)))).toContain("no such file");
});

test("layers that are held are told as such until they are let go of", async () => {
  const record = await store(encodeArchive([file("a")]));
  {
    using _hold = layers.hold([record.chainID]);
    expect([...layers.held()]).toEqual([record.chainID]);
  }
  expect([...layers.held()]).toEqual([]);
});
