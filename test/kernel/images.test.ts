// Images on a real disk: import, load, names, removal. Archives of other tools come from skopeo.
import { afterAll, afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { ConflictError, InvalidParameterError, NotFoundError } from "../../src/base/errors.ts";
import { realHost } from "../../src/base/host.ts";
import { silentLog } from "../../src/base/log.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { loadImages as loadByVerb, saveImages } from "../../src/engine/images.ts";
import { makeHostImage } from "../../src/images/host-image.ts";
import { imageHistory } from "../../src/images/image-history.ts";
import { openImageStore, type Image, type ImageStore } from "../../src/images/image-store.ts";
import { imageInspect } from "../../src/images/image-summary.ts";
import { importImage } from "../../src/images/import.ts";
import { listImages } from "../../src/images/list.ts";
import { loadImages, type LoadedImage } from "../../src/images/load.ts";
import { removeImage, sweepLayers, type ImageUse } from "../../src/images/remove.ts";
import { tagImage } from "../../src/images/tag.ts";
import { shortId } from "../../src/spec/digest.ts";
import { encodeArchive, type EntryWithBody } from "../../src/storage/tar-writer.ts";
import { digest, dockerArchive, stream, streamThroughOneBuffer, testImage } from "./image-archives.ts";
import { look } from "./other-eyes.ts";

const top = mkdtempSync("/tmp/sampan-images-");
afterAll(() => rmSync(top, { recursive: true, force: true }));

const warnings: string[] = [];
const host = realHost({ ...silentLog, warn: (message) => warnings.push(message) });
let root = "";
let store: ImageStore;

beforeEach(() => {
  root = mkdtempSync(join(top, "root-"));
  store = openImageStore(host, root);
});

afterEach(async () => {
  await store.layers.idle();
  // Whatever a test did, nothing half-made stays.
  expect(readdirSync(join(root, "graph", ":tmp:"))).toEqual([]);
});

const file = (path: string, body = path): EntryWithBody => ({ path, body });
const rootfs = encodeArchive([file("bin/sh"), file("etc/passwd", "root:x:0:0::/:/bin/sh\n")]);
const load = async (archive: Uint8Array): Promise<LoadedImage[]> => await loadImages(store, stream(archive));
const failure = async (work: Promise<unknown>): Promise<Error> => {
  const err = await work.then(
    () => new Error("it was taken"),
    (reason: unknown) => reason,
  );
  return err instanceof Error ? err : new Error(String(err));
};
const filesOf = ({ layers }: Image): string[] =>
  layers.flatMap((chainID) =>
    look("find", store.layers.diff(chainID), "-type", "f", "-printf", "%P\\n")
      .trim()
      .split("\n")
      .filter(Boolean)
      .sort(),
  );

test("import: an image of one layer, with name, message and changes", async () => {
  const image = await importImage(store, stream(rootfs), {
    repository: "base",
    tag: "v1",
    message: "from a test",
    changes: ['CMD ["sh"]', "ENV A=1"],
    platform: "linux/arm64/v8",
  });
  expect(imageInspect(store, image)).toMatchObject({
    Id: image.id,
    RepoTags: ["base:v1"],
    RepoDigests: [],
    Parent: "",
    Comment: "from a test",
    Architecture: "arm64",
    Variant: "v8",
    Os: "linux",
    Size: 28,
    Config: { Cmd: ["sh"], Env: ["A=1"] },
    RootFS: { Type: "layers", Layers: [digest(rootfs)] },
    GraphDriver: { Name: "overlay2", Data: { UpperDir: store.layers.diff(image.layers[0] ?? "") } },
  });
  expect(Date.parse(imageInspect(store, image).Metadata.LastTagTime)).toBeGreaterThan(Date.now() - 60_000);
  expect(imageHistory(store, image)).toEqual([
    {
      Id: image.id,
      Created: expect.any(Number) as number,
      CreatedBy: "",
      Tags: ["base:v1"],
      Size: 28,
      Comment: "from a test",
    },
  ]);
  // The id is the digest of the config, as sha256sum sees it.
  const config = join(root, "content", "sha256", image.id.slice(7));
  expect(look("sha256sum", config).slice(0, 64)).toBe(image.id.slice(7));
});

test("load and import: from a source that uses its memory again", async () => {
  const large = file("large", "x".repeat(3 << 20));
  const made = testImage([[file("a"), large], [file("b", "y".repeat(5000))]]);
  const manifest = [
    { Config: "config", RepoTags: ["reused:1"], Layers: ["0.tar", "1.tar"], More: "z".repeat(600) },
  ];
  const archive = encodeArchive([
    file("manifest.json", JSON.stringify(manifest)),
    { path: "config", body: made.config },
    ...made.layers.map((body, at) => ({ path: `${at}.tar`, body: at === 0 ? body : gzipSync(body) })),
  ]);
  for (const step of [700, 4096, 50_000, 1 << 20]) {
    const [loaded] = await loadImages(store, streamThroughOneBuffer(archive, step));
    expect(loaded?.names).toEqual(["reused:1"]);
    expect(filesOf(loaded?.image as Image)).toEqual(["a", "large", "b"]);
    const layer = encodeArchive([large, file("c")]);
    const image = await importImage(store, streamThroughOneBuffer(layer, step), { tag: "" });
    expect(filesOf(image)).toEqual(["c", "large"]);
    for (const id of [loaded?.image.id ?? "", image.id])
      await removeImage(store, id, { ...free, force: true });
  }
});

test("import: compressed or not, with a name or without, it is the same layer", async () => {
  const images: Image[] = [];
  for (const archive of [rootfs, gzipSync(rootfs), zstdCompressSync(rootfs)])
    images.push(await importImage(store, stream(archive)));
  expect(new Set(images.map(({ layers }) => layers[0])).size).toBe(1);
  expect(images[0]?.body.history?.[0]?.comment).toBe("Imported from -");
  expect(listImages(store).every(({ RepoTags }) => RepoTags.length === 0)).toBe(true);
});

for (const [claim, archive, options] of [
  ["a name that is none", rootfs, { repository: "a/B" }],
  ["a change that is none", rootfs, { changes: ["RUN x"] }],
  ["a platform that is none", rootfs, { platform: "windows/amd64" }],
  ["half an archive", rootfs.subarray(0, 700), { repository: "half" }],
  ["no archive", Buffer.from("hello, this is text\n".repeat(100)), { repository: "text" }],
] as const)
  test(`import: ${claim} is refused and changes nothing`, async () => {
    expect(await failure(importImage(store, stream(archive), options))).toBeInstanceOf(InvalidParameterError);
    expect(store.count()).toBe(0);
    expect(store.layers.all()).toEqual([]);
    expect(existsSync(join(root, "repositories"))).toBe(false);
  });

test("everything is there again after the store is opened anew", async () => {
  await load(dockerArchive([{ ...testImage([[file("a")], [file("b")]]), tags: ["x:1", "y:1"] }]));
  await importImage(store, stream(rootfs), { repository: "base" });
  const again = openImageStore(host, root);
  expect(listImages(again)).toEqual(listImages(store));
  expect(again.resolve("y:1").layers.map((layer) => again.layers.get(layer))).toEqual(
    store.resolve("x:1").layers.map((layer) => store.layers.get(layer)),
  );
});

test("load: names, ids, layers and order are those of the archive", async () => {
  const image = testImage([[file("one")], [file("two")]], { Cmd: ["run"] });
  const progress: string[] = [];
  const [loaded] = await loadImages(store, stream(dockerArchive([{ ...image, tags: ["app:1", "app:2"] }])), {
    onProgress: ({ layer }) => progress.push(layer),
  });
  expect(loaded?.names).toEqual(["app:1", "app:2"]);
  expect(loaded?.renamed).toEqual([]);
  expect(loaded?.image.id).toBe(image.id);
  expect(store.resolve("app:2").config).toEqual({ Cmd: ["run"] });
  expect(filesOf(store.resolve("app:1"))).toEqual(["one", "two"]);
  expect(new Set(progress)).toEqual(new Set(image.layers.map((layer) => shortId(digest(layer)))));
});

const packings: readonly (readonly [claim: string, pack: (bytes: Uint8Array) => Uint8Array])[] = [
  ["as they are", (bytes) => bytes],
  ["gzipped", gzipSync],
  ["in zstd", zstdCompressSync],
];

for (const [layersAre, packLayer] of packings)
  for (const [wholeIs, packWhole] of packings)
    test(`load: layers ${layersAre}, the whole ${wholeIs}`, async () => {
      const image = testImage([[file("one")], [file("two", "x".repeat(300_000))]]);
      const [loaded] = await load(packWhole(dockerArchive([{ ...image, tags: ["app"] }], packLayer)));
      expect(loaded?.image.id).toBe(image.id);
      expect(filesOf(store.resolve("app"))).toEqual(["one", "two"]);
    });

test("load: several images that share layers, at the same and at other places of their chains", async () => {
  const [a, b, c] = [[file("a")], [file("b")], [file("c")]];
  const images = [
    { ...testImage([a, b]), tags: ["one:1"] },
    { ...testImage([a, b, c]), tags: ["two:1"] },
    { ...testImage([b, a]), tags: ["three:1"] },
    { ...testImage([c, c, c]), tags: ["four:1"] },
  ];
  await load(dockerArchive(images));
  expect(images.map(({ tags }) => filesOf(store.resolve(tags[0] ?? "")))).toEqual([
    ["a", "b"],
    ["a", "b", "c"],
    ["b", "a"],
    ["c", "c", "c"],
  ]);
  expect(store.layers.all()).toHaveLength(8);
});

test("load: the same archive again changes nothing but the time of tagging; a new image takes the name", async () => {
  const [old, young] = [testImage([[file("a")]]), testImage([[file("a")], [file("b")]])];
  await load(dockerArchive([{ ...old, tags: ["app:1"] }]));
  await load(dockerArchive([{ ...old, tags: ["app:1"] }]));
  expect(store.layers.all()).toHaveLength(1);
  const [loaded] = await load(dockerArchive([{ ...young, tags: ["app:1"] }]));
  expect(loaded?.renamed).toEqual([{ name: "app:1", from: old.id }]);
  expect(store.resolve("app:1").id).toBe(young.id);
  expect(imageInspect(store, store.resolve(old.id)).RepoTags).toEqual([]);
});

test("load: a layer that the store has above others is put where the archive wants it", async () => {
  const [a, b] = [[file("a")], [file("b")]];
  await load(dockerArchive([{ ...testImage([a, b]), tags: ["one"] }]));
  await load(dockerArchive([{ ...testImage([b]), tags: ["two"] }]));
  expect(filesOf(store.resolve("two"))).toEqual(["b"]);
});

test("load: names that are symbolic links within the archive, as older tools write them", async () => {
  const image = testImage([[file("a")], [file("b")]]);
  const [first, second] = image.layers;
  const hex = "1".repeat(64);
  const archive = encodeArchive([
    { path: "real/layer.tar", body: first ?? "" },
    { path: `${hex}/layer.tar`, kind: "symlink", target: "../other/layer.tar" },
    { path: "hard.tar", kind: "hardlink", target: "./real/layer.tar" },
    { path: "other/layer.tar", body: second ?? "" },
    { path: "escape", kind: "symlink", target: "../../../../etc/passwd" },
    { path: "config.json", body: image.config },
    {
      path: "manifest.json",
      body: JSON.stringify([
        { Config: "config.json", RepoTags: ["l:1"], Layers: ["hard.tar", `${hex}/layer.tar`] },
      ]),
    },
  ]);
  await load(archive);
  expect(filesOf(store.resolve("l:1"))).toEqual(["a", "b"]);
});

test("load: an image without layers and one whose parent is in the archive", async () => {
  const base = testImage([]);
  const child = testImage([[file("a")]]);
  await load(
    dockerArchive([
      { ...base, tags: ["empty:1"] },
      { ...child, tags: ["child:1"], parent: base.id },
    ]),
  );
  expect(store.resolve("empty:1").layers).toEqual([]);
  expect(store.resolve("child:1").parent).toBe(base.id);
});

const good = testImage([[file("a")], [file("b")]]);
const evil = testImage([[file("../../../../tmp/sampan-was-here")]]);
const other = encodeArchive([file("other")]);
const tampered = dockerArchive([{ ...good, layers: [good.layers[0] ?? other, other], tags: ["bad:1"] }]);
const unusable: readonly (readonly [claim: string, archive: Uint8Array, message: RegExp])[] = [
  ["a root file system", rootfs, /does not contain a manifest.json/],
  ["a layer that is another", tampered, /^invalid diffID for layer 1: expected "sha256:/],
  [
    "a layer too few",
    dockerArchive([{ ...good, layers: good.layers.slice(1), tags: ["bad:1"] }]),
    /length mismatch: expected 2, got 1/,
  ],
  ["a layer that leads out", dockerArchive([{ ...evil, tags: ["bad:1"] }]), /leads out of the layer/],
  [
    "the second of two images",
    dockerArchive([
      { ...good, tags: ["bad:1"] },
      { ...evil, tags: ["bad:2"] },
    ]),
    /leads out/,
  ],
  ["half of it", dockerArchive([{ ...good, tags: ["bad:1"] }]).subarray(0, 2500), /unexpected EOF/],
  [
    "half of it, gzipped",
    gzipSync(dockerArchive([{ ...good, tags: ["bad:1"] }])).subarray(0, 200),
    /damaged/,
  ],
  [
    "a layer that is missing",
    encodeArchive([
      { path: "c", body: good.config },
      { path: "manifest.json", body: JSON.stringify([{ Config: "c", Layers: ["gone", "gone"] }]) },
    ]),
    /layer "gone" is missing/,
  ],
];

for (const [claim, archive, message] of unusable)
  test(`load: ${claim} is refused and changes nothing`, async () => {
    const err = await failure(load(archive));
    expect(err).toBeInstanceOf(InvalidParameterError);
    expect(err.message).toMatch(message);
    expect([store.count(), store.layers.all(), store.tags.all()]).toEqual([0, [], []]);
    expect(existsSync("/tmp/sampan-was-here")).toBe(false);
  });

test("load: something like a layer that no image asks for may be broken", async () => {
  const archive = dockerArchive([{ ...good, tags: ["ok:1"] }]);
  const withRubbish = Buffer.concat([
    encodeArchive([
      { path: "rubbish.gz", body: gzipSync("no archive").subarray(0, 20) },
      file("README"),
    ]).subarray(0, 2048),
    archive,
  ]);
  await load(withRubbish);
  expect(filesOf(store.resolve("ok:1"))).toEqual(["a", "b"]);
});

test("resolve: names before ids, ids by a unique beginning, Docker's words for the rest", async () => {
  const image = await importImage(store, stream(rootfs), { repository: "abc" });
  tagImage(store, "abc", { repository: image.id.slice(7, 15) });
  for (const ref of [
    "abc",
    "abc:latest",
    "docker.io/library/abc",
    image.id,
    image.id.slice(7),
    image.id.slice(7, 19),
    image.id.slice(0, 20),
  ])
    expect(store.resolve(ref).id).toBe(image.id);
  const messages = await Promise.all(
    ["nothing", "nothing:1", "user/app@sha256:" + "0".repeat(64), "0".repeat(64), "UPPER", "a b"].map((ref) =>
      failure((async () => store.resolve(ref))()).then((err) => `${err.name}: ${err.message}`),
    ),
  );
  expect(messages).toEqual([
    "NotFoundError: No such image: nothing:latest",
    "NotFoundError: No such image: nothing:1",
    `NotFoundError: No such image: user/app@sha256:${"0".repeat(64)}`,
    `NotFoundError: No such image: ${"0".repeat(64)}`,
    "InvalidParameterError: invalid reference format: repository name (library/UPPER) must be lowercase",
    "InvalidParameterError: invalid reference format",
  ]);
});

test("a beginning that two ids share is refused", async () => {
  // 17 images share at least one first digit of their ids.
  for (let at = 0; at < 17; at++) await importImage(store, stream(encodeArchive([file(`f${at}`)])));
  const firsts = store.all().map(({ id }) => id.slice(7, 8));
  const shared = firsts.find((digit, at) => firsts.indexOf(digit) !== at) ?? "";
  expect(() => store.resolve(shared)).toThrow(
    new InvalidParameterError(`multiple IDs found with provided prefix: ${shared}`),
  );
});

test("list: filters, order, containers and shared size", async () => {
  const a = [file("a", "12345")];
  const images = [
    { ...testImage([a], { Labels: { kind: "base" } }, "2020-01-01T00:00:00Z"), tags: ["old:1", "old:2"] },
    { ...testImage([a, [file("b", "123")]], {}, "2021-01-01T00:00:00Z"), tags: ["user/young:1"] },
    testImage([[file("c")]], {}, "2022-01-01T00:00:00Z"),
  ];
  await load(dockerArchive(images));
  const ids = (filters: Record<string, string[]>): string[] =>
    listImages(store, { filters: new Map(Object.entries(filters)) }).map(({ RepoTags }) =>
      RepoTags.join(" "),
    );
  expect(ids({})).toEqual(["", "user/young:1", "old:1 old:2"]);
  expect(ids({ dangling: ["true"] })).toEqual([""]);
  expect(ids({ dangling: ["false"] })).toEqual(["user/young:1", "old:1 old:2"]);
  expect(ids({ reference: ["*/*"] })).toEqual(["user/young:1"]);
  expect(ids({ reference: ["old:2"] })).toEqual(["old:2"]);
  expect(ids({ label: ["kind=base"] })).toEqual(["old:1 old:2"]);
  expect(ids({ "label!": ["kind"] })).toEqual(["", "user/young:1"]);
  expect(ids({ before: ["user/young:1"] })).toEqual(["old:1 old:2"]);
  expect(ids({ since: ["old:1"] })).toEqual(["", "user/young:1"]);
  expect(ids({ until: ["2020-06-01"] })).toEqual(["old:1 old:2"]);
  expect(() => ids({ nonsense: ["1"] })).toThrow(new InvalidParameterError("invalid filter 'nonsense'"));
  expect(() => ids({ before: ["gone"] })).toThrow(NotFoundError);
  const rows = listImages(store, { sharedSize: true, containers: (id) => (id === images[0]?.id ? 3 : 0) });
  expect(rows.map(({ SharedSize, Size, Containers }) => [SharedSize, Size, Containers])).toEqual([
    [0, 1, 0],
    [5, 8, 0],
    [5, 5, 3],
  ]);
  expect(listImages(store)[0]).toMatchObject({ SharedSize: -1, Containers: -1, Created: 1_640_995_200 });
});

test("list: a step towards another image is shown only when all are", async () => {
  const [base, child] = [testImage([[file("a")]]), testImage([[file("a")], [file("b")]])];
  await load(dockerArchive([base, { ...child, tags: ["child:1"], parent: base.id }]));
  expect(listImages(store)).toHaveLength(1);
  expect(listImages(store, { all: true })).toHaveLength(2);
  expect(
    imageHistory(store, store.resolve("child:1")).map(({ Id, CreatedBy, Size }) => [Id, CreatedBy, Size]),
  ).toEqual([
    [child.id, "step 1", 1],
    [base.id, "step 0", 1],
  ]);
});

// Removal. Each row: names of one image of two layers, who uses it, what is asked, what comes of it.

const uses = (...all: readonly boolean[]): ImageUse[] =>
  all.map((running, at) => ({ containerId: String(at + 1).repeat(64), running }));
const ID = "the id";
const removed = [
  `Deleted: ${good.id}`,
  ...goodChain()
    .toReversed()
    .map((chainID) => `Deleted: ${chainID}`),
];

function goodChain(): string[] {
  const [a, b] = good.layers.map(digest);
  return [a ?? "", digest(`${a} ${b}`)];
}

type Removal = {
  readonly names: readonly string[];
  readonly ref: string;
  readonly force?: boolean;
  readonly usedBy?: readonly ImageUse[];
  readonly items?: readonly string[];
  readonly conflict?: string;
};

const short = shortId(good.id);
const removals: readonly Removal[] = [
  { names: ["a:1"], ref: "a:1", items: ["Untagged: a:1", ...removed] },
  { names: ["a:latest"], ref: "a", items: ["Untagged: a:latest", ...removed] },
  { names: ["a:1", "a:2"], ref: "a:1", items: ["Untagged: a:1"] },
  { names: ["a:1", "b:1"], ref: "b:1", usedBy: uses(true), items: ["Untagged: b:1"] },
  { names: [], ref: ID, items: removed },
  { names: ["a:1"], ref: ID, items: ["Untagged: a:1", ...removed] },
  {
    names: ["a:1", "a:2"],
    ref: ID,
    conflict: `conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories`,
  },
  { names: ["a:1", "b:1"], ref: ID, force: true, items: ["Untagged: a:1", "Untagged: b:1", ...removed] },
  {
    names: ["a:1"],
    ref: "a:1",
    usedBy: uses(false),
    conflict: `conflict: unable to remove repository reference "a:1" (must force) - container 111111111111 is using its referenced image ${short}`,
  },
  {
    names: ["a:1"],
    ref: "a:1",
    force: true,
    usedBy: uses(false),
    items: ["Untagged: a:1", `Deleted: ${good.id}`],
  },
  { names: ["a:1"], ref: "a:1", force: true, usedBy: uses(true), items: ["Untagged: a:1"] },
  {
    names: ["a:1"],
    ref: ID,
    usedBy: uses(false),
    conflict: `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container 111111111111`,
  },
  {
    names: ["a:1"],
    ref: ID,
    force: true,
    usedBy: uses(false),
    items: ["Untagged: a:1", `Deleted: ${good.id}`],
  },
  {
    names: ["a:1"],
    ref: ID,
    force: true,
    usedBy: uses(false, true),
    conflict: `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container 222222222222`,
  },
];

for (const { names, ref, force = false, usedBy = [], items, conflict } of removals)
  test(`rmi ${force ? "-f " : ""}${ref} of ${names.join(", ") || "no name"}, used by ${usedBy.length}: ${conflict ? "refused" : items?.length}`, async () => {
    await load(dockerArchive([{ ...good, tags: names }]));
    const before = listImages(store);
    const layersInUse = (): string[] => (usedBy.length > 0 ? goodChain() : []);
    const work = removeImage(store, ref === ID ? good.id : ref, { force, usedBy: () => usedBy, layersInUse });
    if (conflict === undefined) {
      const found = (await work).map((item) =>
        "Untagged" in item ? `Untagged: ${item.Untagged}` : `Deleted: ${item.Deleted}`,
      );
      expect(found).toEqual([...(items ?? [])]);
      const again = openImageStore(host, root);
      expect(again.count()).toBe(items?.includes(`Deleted: ${good.id}`) === true ? 0 : 1);
      expect(again.layers.all()).toHaveLength(items?.includes(removed[1] ?? "") === true ? 0 : 2);
      await again.layers.idle(); // it deletes what the first one is about to delete
    } else {
      const err = await failure(work);
      expect(err).toBeInstanceOf(ConflictError);
      expect(err.message).toBe(conflict);
      expect(listImages(store)).toEqual(before);
    }
  });

const free = { usedBy: () => [], layersInUse: () => [] };

test("rmi: an image that others were built on stays; without a name it goes with its last child", async () => {
  const [base, child] = [testImage([[file("a")]]), testImage([[file("a")], [file("b")]])];
  await load(dockerArchive([base, { ...child, tags: ["child:1"], parent: base.id }]));
  const err = await failure(removeImage(store, base.id, { ...free, force: true }));
  expect(err.message).toBe(
    `conflict: unable to delete ${shortId(base.id)} (cannot be forced) - image has dependent child images`,
  );
  const items = await removeImage(store, "child:1", free);
  expect(items).toEqual([
    { Untagged: "child:1" },
    { Deleted: child.id },
    { Deleted: digest(`${digest(child.layers[0] ?? "")} ${digest(child.layers[1] ?? "")}`) },
    { Deleted: base.id },
    { Deleted: digest(child.layers[0] ?? "") },
  ]);
  expect(store.layers.all()).toEqual([]);
});

test("rmi: with noprune, or with a name, the parent stays", async () => {
  const [base, child] = [testImage([[file("a")]]), testImage([[file("a")], [file("b")]])];
  await load(dockerArchive([base, { ...child, tags: ["child:1"], parent: base.id }]));
  await removeImage(store, "child:1", { ...free, noprune: true });
  expect(store.count()).toBe(1);
  await load(
    dockerArchive([
      { ...base, tags: ["base:1"] },
      { ...child, tags: ["child:1"], parent: base.id },
    ]),
  );
  await removeImage(store, "child:1", free);
  expect(listImages(store).map(({ RepoTags }) => RepoTags)).toEqual([["base:1"]]);
});

test("rmi: layers that another image has stay", async () => {
  await load(
    dockerArchive([
      { ...testImage([[file("a")], [file("b")]]), tags: ["one:1"] },
      { ...testImage([[file("a")], [file("c")]]), tags: ["two:1"] },
    ]),
  );
  await removeImage(store, "one:1", free);
  expect(store.layers.all()).toHaveLength(2);
  expect(filesOf(store.resolve("two:1"))).toEqual(["a", "c"]);
});

test("rmi: what is not there is not found", async () => {
  expect((await failure(removeImage(store, "gone", free))).message).toBe("No such image: gone:latest");
});

test("sweepLayers: what a removed image left for its containers goes with them", async () => {
  await load(dockerArchive([{ ...good, tags: ["a:1"] }]));
  await removeImage(store, "a:1", { force: true, usedBy: () => uses(false), layersInUse: goodChain });
  expect(store.layers.all()).toHaveLength(2);
  expect(await sweepLayers(store, goodChain)).toEqual([]);
  expect((await sweepLayers(store, () => [])).sort()).toEqual(goodChain().sort());
  expect(store.layers.all()).toEqual([]);
});

test("an image whose layer or config is gone is left out with a warning, the others stay", async () => {
  const images = [[file("a")], [file("b")], [file("c")]].map((entries, at) =>
    Object.assign({ tags: [`i:${at}`] }, testImage([entries])),
  );
  await load(dockerArchive(images));
  rmSync(join(root, "graph", digest(images[0]?.layers[0] ?? "").slice(7)), { recursive: true });
  writeFileSync(join(root, "content", "sha256", images[1]?.id.slice(7) ?? ""), "{}");
  writeFileSync(join(root, "images", `${"f".repeat(64)}.json`), "{");
  const again = openImageStore(host, root);
  expect(listImages(again).map(({ RepoTags }) => RepoTags)).toEqual([["i:2"]]);
  expect(warnings).toContain("image cannot be used");
  expect(warnings).toContain("image cannot be read");
});

// A crash at each step: another process dies there as by `kill -9`.

async function dieAt(point: string, work: string): Promise<void> {
  const source = `${import.meta.dir}/../../src`;
  const program = `
    import { realHost } from "${source}/base/host.ts";
    import { silentLog } from "${source}/base/log.ts";
    import { openImageStore } from "${source}/images/image-store.ts";
    import { loadImages } from "${source}/images/load.ts";
    import { removeImage } from "${source}/images/remove.ts";
    const store = openImageStore(realHost(silentLog), ${JSON.stringify(root)});
    ${work}`;
  const child = Bun.spawn([process.execPath, "-e", program], {
    env: { ...process.env, SAMPAN_CRASH_POINT: point },
    stderr: "inherit",
  });
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
  store = openImageStore(host, root);
}

const nothingLeft = (): void => {
  expect(readdirSync(join(root, "graph")).sort()).toEqual([":mountpoints:", ":tmp:"]);
  expect(readdirSync(join(root, "content", "sha256"))).toEqual([]);
  expect(readdirSync(join(root, "images"))).toEqual([]);
};

const loadCrashes: readonly (readonly [point: string, layers: number, images: number])[] = [
  ["layers-settled", 0, 0],
  ["layer-renamed", 1, 0],
  ["image config written", 2, 0],
  ["image recorded", 2, 1],
];

for (const [point, layers, images] of loadCrashes)
  test(`a crash at "${point}" of a load leaves an image whole or not at all, and the sweep leaves nothing else`, async () => {
    const archive = join(root, "archive.tar");
    writeFileSync(archive, dockerArchive([{ ...good, tags: ["a:1"] }]));
    await dieAt(point, `await loadImages(store, Bun.file(${JSON.stringify(archive)}).stream());`);
    expect(store.count()).toBe(images);
    expect(store.layers.all()).toHaveLength(layers);
    await sweepLayers(store, () => []);
    await store.layers.idle();
    if (images === 0) nothingLeft();
    await load(readFileSync(archive));
    expect(filesOf(store.resolve("a:1"))).toEqual(["a", "b"]);
  });

for (const point of ["image forgotten", "layer taken out"])
  test(`a crash at "${point}" of a removal: the image is gone, and the sweep takes the rest`, async () => {
    await load(dockerArchive([{ ...good, tags: ["a:1"] }]));
    await dieAt(point, `await removeImage(store, "a:1", { usedBy: () => [], layersInUse: () => [] });`);
    expect(store.count()).toBe(0);
    expect(listImages(store)).toEqual([]);
    await sweepLayers(store, () => []);
    await store.layers.idle();
    nothingLeft();
  });

test("sweeping spares what images name, containers stand on and somebody holds", async () => {
  await load(dockerArchive([{ ...good, tags: ["a:1"] }]));
  const [used, held] = [testImage([[file("used")]]), testImage([[file("held")]])];
  const chain: string[] = [];
  for (const image of [used, held]) {
    const [loaded] = await load(dockerArchive([image]));
    chain.push(loaded?.image.layers[0] ?? "");
    using _hold = store.layers.hold(chain);
    await removeImage(store, image.id, { usedBy: () => [], layersInUse: () => [] });
  }
  const inUse = (): string[] => chain.slice(0, 1);
  {
    using _hold = store.layers.hold(chain.slice(1));
    expect(await sweepLayers(store, inUse)).toEqual([]);
  }
  expect(await sweepLayers(store, inUse)).toEqual(chain.slice(1));
  expect(store.layers.all()).toHaveLength(3);
});

/** As much of an engine as the verbs on archives of images touch. */
const engineOf = (images: ImageStore): Engine =>
  ({ images, containers: { all: () => [] }, events: { publish: () => {} } }) as unknown as Engine;

test("a load lets go of the layers that it found here, and of no others", async () => {
  await load(dockerArchive([{ ...good, tags: ["a:1"] }]));
  const coming = await store.layers.stage(stream(encodeArchive([file("coming")])));
  const [another] = await store.layers.commit(undefined, [coming]);
  async function* archive(): AsyncGenerator<Uint8Array> {
    const bytes = dockerArchive([good]);
    yield bytes.subarray(0, -1024);
    // Its layers came by, and were not read.
    await removeImage(store, "a:1", { usedBy: () => [], layersInUse: () => [] });
    expect(store.layers.all()).toHaveLength(3);
    throw new InvalidParameterError("it breaks off");
  }
  expect((await failure(loadByVerb(engineOf(store), archive(), {}))).message).toBe("it breaks off");
  expect(store.layers.all()).toEqual(another === undefined ? [] : [another]);
  expect([...store.layers.held()]).toEqual([]);
});

test("a save that nobody reads holds nothing, one that is broken off neither", async () => {
  await load(dockerArchive([{ ...good, tags: ["a:1"] }]));
  const engine = engineOf(store);
  const unread = saveImages(engine, ["a:1"]);
  await unread.return(undefined);
  expect([...store.layers.held()]).toEqual([]);
  const broken = saveImages(engine, ["a:1"]);
  await broken.next();
  expect([...store.layers.held()].sort()).toEqual(goodChain().sort());
  await broken.return(undefined);
  expect([...store.layers.held()]).toEqual([]);
});

// Archives as other tools write them.

const skopeoForms: readonly (readonly [form: string, target: string, ...options: string[]])[] = [
  ["docker-archive", "docker-archive:FILE:app/made:by-skopeo"],
  ["oci-archive", "oci-archive:FILE:app/made:by-skopeo"],
  ["oci-archive in zstd", "oci-archive:FILE:app/made:by-skopeo", "--dest-compress-format", "zstd"],
  ["oci-archive of a docker manifest", "oci-archive:FILE:app/made:by-skopeo", "--format", "oci"],
];

for (const [form, target, ...options] of skopeoForms)
  test(`load: skopeo's ${form}`, async () => {
    const image = testImage(
      [
        [file("one"), { path: "dir", kind: "directory", mode: 0o1777 }],
        [file("two"), file(".wh.one")],
      ],
      {
        Env: ["A=1"],
        Labels: { a: "b" },
      },
    );
    const [from, to] = [join(root, "from.tar"), join(root, "to.tar")];
    writeFileSync(from, dockerArchive([{ ...image, tags: ["app/made:by-hand"] }]));
    look(
      "skopeo",
      "--insecure-policy",
      "copy",
      "-q",
      ...options,
      `docker-archive:${from}`,
      target.replace("FILE", to),
    );
    const [loaded] = await load(readFileSync(to));
    expect(loaded?.names).toEqual(["app/made:by-skopeo"]);
    expect(loaded?.image.body.rootfs.diff_ids).toEqual(image.layers.map(digest));
    expect(loaded?.image.config).toMatchObject({ Env: ["A=1"], Labels: { a: "b" } });
    const upper = store.layers.diff(loaded?.image.layers[1] ?? "");
    expect(look("find", upper, "-mindepth", "1", "-printf", "%P %y\\n").trim().split("\n").sort()).toEqual([
      "one c",
      "two f",
    ]);
  });

test("load: an OCI layout in a directory made an archive by tar, of two images in one", async () => {
  const layout = join(root, "layout");
  mkdirSync(layout);
  const from = join(root, "from.tar");
  for (const [at, name] of ["first", "second"].entries()) {
    writeFileSync(
      from,
      dockerArchive([{ ...testImage([[file("base")], [file(`f${at}`)]]), tags: [`${name}:1`] }]),
    );
    look(
      "skopeo",
      "--insecure-policy",
      "copy",
      "-q",
      `docker-archive:${from}`,
      `oci:${layout}:localhost/${name}:1`,
    );
  }
  const archive = join(root, "layout.tar");
  look("tar", "-cf", archive, "-C", layout, ".");
  const loaded = await load(readFileSync(archive));
  expect(loaded.map(({ names }) => names)).toEqual([["localhost/first:1"], ["localhost/second:1"]]);
  expect(filesOf(store.resolve("localhost/second:1"))).toEqual(["base", "f1"]);
  expect(store.layers.all()).toHaveLength(3);
});

// Images from this machine.

test("host/busybox: made of the machine's static busybox, says so, and runs", async () => {
  const image = await makeHostImage(host, store, "busybox");
  const folder = store.layers.diff(image.layers[0] ?? "");
  expect(look("chroot", folder, "/bin/sh", "-c", "echo hello | sed s/hello/works/; id -un; ls -d /tmp")).toBe(
    "works\nroot\n/tmp\n",
  );
  expect(look("stat", "-c", "%a %u:%g", join(folder, "tmp"), join(folder, "root"), folder)).toBe(
    "1777 0:0\n700 0:0\n755 0:0\n",
  );
  expect(imageInspect(store, image)).toMatchObject({
    RepoTags: ["host/busybox:latest"],
    Comment: expect.stringMatching(/^made on this machine from \/.*busybox/) as string,
    Config: {
      Cmd: ["sh"],
      Labels: {
        "sampan.host.sha256": look("sha256sum", image.config.Labels?.["sampan.host.source"] ?? "").slice(
          0,
          64,
        ),
        "sampan.host.version": expect.stringContaining("BusyBox") as string,
      },
    },
  });
});

test("host/busybox: one that is there stays, with a warning if the machine's has changed since", async () => {
  await importImage(store, stream(rootfs), { repository: "host/busybox" });
  const image = await makeHostImage(host, store, "busybox");
  expect(image.id).toBe(store.resolve("host/busybox").id);
  expect(filesOf(image)).toEqual(["bin/sh", "etc/passwd"]);
  expect(warnings).toContain("host image was made from other files than this machine has now");
});

test("host/NAME: a name that cannot be made is not found, and says which can", async () => {
  const err = await failure(makeHostImage(host, store, "windows"));
  expect(err).toBeInstanceOf(NotFoundError);
  expect(err.message).toBe(
    "No such image: host/windows: of this machine can be made: host/busybox, host/debian",
  );
});
