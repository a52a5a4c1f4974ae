// Layers and the root file systems made of them, seen through real overlay mounts.
import { afterAll, afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { InvalidParameterError, NotFoundError } from "../../src/base/errors.ts";
import { realHost } from "../../src/base/host.ts";
import { silentLog } from "../../src/base/log.ts";
import type { Digest } from "../../src/spec/digest.ts";
import { chainIDsOf } from "../../src/storage/chain-id.ts";
import { LayerStore, type StagedLayer } from "../../src/storage/layer-store.ts";
import { containerMounts, mountAll, prepareRw, unmountAll } from "../../src/storage/overlay.ts";
import { encodeArchive, encodeEntry, plainEntry, type EntryWithBody } from "../../src/storage/tar-writer.ts";
import { mount } from "../../src/sys/mount.ts";
import { look } from "./other-eyes.ts";

const top = mkdtempSync("/tmp/sampan-layers-");
afterAll(() => rmSync(top, { recursive: true, force: true }));

const warnings: string[] = [];
const host = realHost({ ...silentLog, warn: (message) => warnings.push(message) });
let root = "";
let layers: LayerStore;
let mounted: string[] = [];

beforeEach(() => {
  root = mkdtempSync(join(top, "root-"));
  layers = new LayerStore(host, root);
});

afterEach(async () => {
  for (const target of mounted) await unmountAll(target);
  mounted = [];
  await layers.idle();
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function stage(entries: readonly EntryWithBody[]): Promise<StagedLayer> {
  return await layers.stage(once(encodeArchive(entries)));
}

/** Commits archives on top of each other, staged topmost first, as they may come. */
async function commit(...archives: readonly (readonly EntryWithBody[])[]): Promise<Digest[]> {
  const staged: StagedLayer[] = [];
  for (const entries of archives.toReversed()) staged.unshift(await stage(entries));
  return (await layers.commit(undefined, staged)).map(({ chainID }) => chainID);
}

/** Mounts layers as a container's root file system. */
function mountContainer(chain: readonly Digest[], name = "c1"): string {
  const container = join(root, "containers", name);
  mkdirSync(container, { recursive: true });
  const last = chain.at(-1);
  prepareRw(container, last === undefined ? undefined : layers.diff(last));
  mountAll(containerMounts(layers, chain, container));
  mounted.push(join(container, "rootfs"));
  return join(container, "rootfs");
}

/** What a container sees, without what every container has. */
function see(rootfs: string, format = "%P %y"): string[] {
  return look("find", rootfs, "-mindepth", "1", "-printf", `${format}\\n`)
    .trim()
    .split("\n")
    .filter(
      (line) =>
        !/^(?:dev|proc|sys|etc|\.dockerenv|etc\/(?:hosts|hostname|resolv\.conf|mtab)|dev\/\S+) /.test(line),
    )
    .sort();
}

const folder = (path: string, mode = 0o755): EntryWithBody => ({ path, kind: "directory", mode });
const file = (path: string, body = path): EntryWithBody => ({ path, body });

test("a layer is named by its chain id, its record says what it is", async () => {
  const [a, b] = [await stage([file("a", "12345")]), await stage([file("b", "123")])];
  const records = await layers.commit(undefined, [a, b]);
  const [first, second] = chainIDsOf([a.diffID, b.diffID]);
  expect(records).toEqual([
    { chainID: first as Digest, diffID: a.diffID, sizeBytes: 5, archiveBytes: 2048 },
    {
      chainID: second as Digest,
      diffID: b.diffID,
      parent: first as Digest,
      sizeBytes: 3,
      archiveBytes: 2048,
    },
  ]);
  expect(new LayerStore(host, root).all().toSorted((x, y) => x.sizeBytes - y.sizeBytes)).toEqual(
    records.toReversed(),
  );
});

test("the digest of a layer is that of its whole archive, compressed or not", async () => {
  const archive = Buffer.concat([encodeArchive([file("a")]), Buffer.alloc(3000)]);
  const path = join(root, "archive");
  writeFileSync(path, archive);
  const sum = look("sha256sum", path).slice(0, 64);
  expect((await layers.stage(once(archive))).diffID).toBe(`sha256:${sum}`);
  for (const program of ["gzip", "zstd", "xz", "bzip2"]) {
    look("bash", "-c", `${program} -c "$0" > "$0.${program}"`, path);
    expect((await layers.stage(once(readFileSync(`${path}.${program}`)))).diffID).toBe(`sha256:${sum}`);
  }
});

test("deletions: a whiteout hides a name, an opaque folder all below it, at the root too", async () => {
  const base = [
    file("keep"),
    file("gone"),
    folder("d"),
    file("d/old"),
    folder("e"),
    file("e/f"),
    file("g/h/i"),
  ];
  const upper = [
    file(".wh.gone"),
    folder("d"),
    file("d/.wh..wh..opq"),
    file("d/new"),
    file("g/h/.wh.i"),
    file(".wh.never"),
  ];
  const chain = await commit(base, upper);
  expect(see(mountContainer(chain))).toEqual(["d d", "d/new f", "e d", "e/f f", "g d", "g/h d", "keep f"]);
  const all = await commit(base, upper, [file(".wh..wh..opq"), file("only"), folder("d"), file("d/x")]);
  expect(see(mountContainer(all, "c2"))).toEqual(["d d", "d/x f", "only f"]);
});

test("a folder deleted and made again in a higher layer shows only the new", async () => {
  const chain = await commit([file("d/old")], [file(".wh.d")], [folder("d"), file("d/new")]);
  expect(see(mountContainer(chain))).toEqual(["d d", "d/new f"]);
});

test("whiteouts in the lowest layer delete nothing and are not seen", async () => {
  const chain = await commit([folder("d"), file("d/.wh.x"), file(".wh.y"), file("d/z")]);
  expect(see(mountContainer(chain))).toEqual(["d d", "d/z f"]);
  expect(look("find", layers.diff(chain[0] as Digest), "-type", "c")).toBe("");
});

test("a folder that a layer only passes through keeps owner, mode, time and attributes from below", async () => {
  const below: EntryWithBody = {
    ...folder("tmp", 0o1777),
    uid: 5,
    gid: 6,
    modifiedNs: 1_000_000_000_000_000_000n,
    accessedNs: 1_000_000_000_000_000_000n,
    xattrs: new Map([["user.note", Buffer.from("kept")]]),
  };
  const rootEntry: EntryWithBody = { ...folder(".", 0o711), uid: 9 };
  const chain = await commit([rootEntry, below, file("tmp/a/old")], [file("tmp/a/b/new")], [file("other")]);
  const rootfs = mountContainer(chain);
  expect(look("stat", "-c", "%a %u:%g %Y", join(rootfs, "tmp"))).toBe("1777 5:6 1000000000\n");
  expect(look("getfattr", "--only-values", "-n", "user.note", join(rootfs, "tmp"))).toBe("kept");
  expect(look("stat", "-c", "%a %u", rootfs)).toBe("711 9\n");
});

test("attributes come from below a deletion only when the deletion is above it", async () => {
  const chain = await commit([folder("d", 0o700), file("d/a")], [file(".wh.d")], [file("d/b")]);
  expect(look("stat", "-c", "%a", join(mountContainer(chain), "d"))).toBe("755\n");
});

test("the same archive twice in one image is two layers", async () => {
  const one = await stage([file("a")]);
  const records = await layers.commit(undefined, [one, await layers.duplicate(one)]);
  expect(new Set(records.map(({ chainID }) => chainID)).size).toBe(2);
  expect(see(mountContainer(records.map(({ chainID }) => chainID)))).toEqual(["a f"]);
});

test("committing what is there already changes nothing", async () => {
  const [a] = await commit([file("a")]);
  const inode = look("stat", "-c", "%i", layers.diff(a as Digest));
  expect(await commit([file("a")], [file("b")])).toHaveLength(2);
  expect(look("stat", "-c", "%i", layers.diff(a as Digest))).toBe(inode);
  await layers.idle();
  expect(readdirSync(join(root, "graph", ":tmp:"))).toEqual([]);
});

test("two commits of the same layer at a time leave one of it", async () => {
  const staged = [await stage([file("a")]), await stage([file("a")])];
  await Promise.all(staged.map((layer) => layers.commit(undefined, [layer])));
  expect(layers.all()).toHaveLength(1);
  await layers.idle();
  expect(readdirSync(join(root, "graph", ":tmp:"))).toEqual([]);
});

test("a layer on one that is not there is refused", async () => {
  const missing = `sha256:${"0".repeat(64)}` as const;
  const failure = await layers.commit(missing, [await stage([file("a")])]).catch((err: unknown) => err);
  expect(failure).toBeInstanceOf(NotFoundError);
});

test("a damaged archive, an empty one and one that is stopped leave nothing behind", async () => {
  const archive = encodeArchive([file("a"), file("b", "x".repeat(5000))]);
  const stop = new AbortController();
  async function* stopping(): AsyncGenerator<Uint8Array> {
    yield archive.subarray(0, 600);
    stop.abort(new Error("stopped"));
    yield archive.subarray(600);
  }
  const outcomes = await Promise.allSettled([
    layers.stage(once(archive.subarray(0, 2000))),
    layers.stage(once(Buffer.alloc(0))),
    layers.stage(stopping(), stop.signal),
  ]);
  const reasons = outcomes.map((outcome): unknown =>
    outcome.status === "rejected" ? outcome.reason : undefined,
  );
  expect(reasons[0]).toBeInstanceOf(InvalidParameterError);
  expect(reasons[1]).toBeInstanceOf(InvalidParameterError);
  expect(reasons[2]).toBe(stop.signal.reason);
  await layers.idle();
  expect(readdirSync(join(root, "graph", ":tmp:"))).toEqual([]);
});

test("an archive that declares more than the disk has is refused at that entry", async () => {
  const bomb = encodeEntry({ ...plainEntry, path: "bomb", sizeBytes: 2 ** 50 });
  const failure = await layers.stage(once(bomb)).catch((err: unknown) => err);
  expect(failure).toBeInstanceOf(InvalidParameterError);
  expect((failure as Error).message).toMatch(/^the archive declares more than \d+ bytes of files/);
});

test("a crash leaves whole layers and sweepings: the next opening takes both as they are", async () => {
  const [a] = await commit([file("a")]);
  mkdirSync(join(root, "graph", ":tmp:", "half", "diff"), { recursive: true });
  mkdirSync(join(root, "graph", "f".repeat(64)));
  const again = new LayerStore(host, root);
  await again.idle();
  expect(readdirSync(join(root, "graph", ":tmp:"))).toEqual([]);
  expect(again.all().map(({ chainID }) => chainID)).toEqual([a as Digest]);
  expect(warnings).toContain("layer cannot be used");
});

test("a removed layer is gone at once and its files soon after", async () => {
  const chain = await commit([file("a")], [file("b")]);
  layers.remove(chain.toReversed());
  expect(layers.all()).toEqual([]);
  expect(existsSync(layers.diff(chain[0] as Digest))).toBe(false);
  await layers.idle();
  expect(readdirSync(join(root, "graph")).sort()).toEqual([":mountpoints:", ":tmp:"]);
});

test("127 layers are one mount, which goes with its unmounting; both may be asked for twice", async () => {
  const chain = await commit(
    ...Array.from({ length: 127 }, (_, at) => [file(`f${at}`), file("same", String(at))]),
  );
  const rootfs = mountContainer(chain);
  expect(see(rootfs)).toHaveLength(128);
  expect(readFileSync(join(rootfs, "same"), "utf8")).toBe("126");
  const mountsOf = (): number => readFileSync("/proc/self/mountinfo", "utf8").split(rootfs).length - 1;
  mountAll(containerMounts(layers, chain, join(root, "containers", "c1")));
  expect(mountsOf()).toBe(1);
  await unmountAll(rootfs);
  await unmountAll(rootfs);
  expect(mountsOf()).toBe(0);
});

test("few layers are mounted by their full names", async () => {
  const chain = await commit([file("a")]);
  const rootfs = mountContainer(chain);
  expect(look("findmnt", "-n", "-o", "OPTIONS", rootfs)).toContain(
    `lowerdir=${layers.diff(chain[0] as Digest)}:`,
  );
});

test("a root with colons, commas and backslashes in its name can be mounted", async () => {
  root = join(root, "a:b,c\\d e");
  mkdirSync(root);
  layers = new LayerStore(host, root);
  expect(see(mountContainer(await commit([file("a")])))).toEqual(["a f"]);
});

test("a container writes above the image, and an image of nothing has what containers mount on", async () => {
  const rootfs = mountContainer([]);
  writeFileSync(join(rootfs, "mine"), "x");
  expect(look("find", rootfs, "-type", "d", "-printf", "/%P %m\\n").trim().split("\n").sort()).toEqual([
    "/ 755",
    "/dev 755",
    "/dev/pts 755",
    "/dev/shm 755",
    "/etc 755",
    "/proc 755",
    "/sys 755",
  ]);
  expect(readdirSync(join(root, "containers", "c1", "rw", "upper"))).toEqual(["mine"]);
});

test("what an image has comes before what every container has", async () => {
  const chain = await commit([folder("etc", 0o750), file("etc/hosts", "127.0.0.1 image")]);
  const rootfs = mountContainer(chain);
  expect(readFileSync(join(rootfs, "etc/hosts"), "utf8")).toBe("127.0.0.1 image");
  expect(look("stat", "-c", "%a", join(rootfs, "etc"))).toBe("750\n");
});

test("an unmounted root is out of sight at once, and its folder free when that is waited for", async () => {
  const rootfs = mountContainer(await commit([file("a")]));
  writeFileSync(join(rootfs, "mine"), Buffer.alloc(8 << 20));
  const gone = unmountAll(rootfs);
  expect(readdirSync(rootfs)).toEqual([]);
  await gone;
  const rw = join(root, "containers", "c1", "rw");
  // With its index overlayfs says whether another mount has the upper folder.
  const options = `index=on,lowerdir=${root},upperdir=${rw}/upper,workdir=${rw}/work`;
  mount("overlay", rootfs, "overlay", 0, options);
  expect(readdirSync(rootfs)).toContain("mine");
});

test("a mount in use is taken out of sight", async () => {
  const rootfs = mountContainer(await commit([file("a")]));
  const child = Bun.spawn(["sleep", "30"], { cwd: rootfs });
  await unmountAll(rootfs);
  child.kill();
  await child.exited;
  expect(readdirSync(rootfs)).toEqual([]);
});

test("on a disk that is nearly full a layer finds the room that one makes which has just been removed", async () => {
  const small = join(root, "small");
  mkdirSync(small);
  look("mount", "-t", "tmpfs", "-o", "size=24m,nr_inodes=20k", "tmpfs", small);
  try {
    layers = new LayerStore(host, small);
    const large = (name: string): EntryWithBody[] =>
      Array.from({ length: 3500 }, (_, at) => file(`${name}${at}`, name.repeat(4000)));
    const [first] = await layers.commit(undefined, [await stage(large("a"))]);
    expect(await stage(large("b")).catch((err: unknown) => err)).toBeInstanceOf(Error);
    await layers.idle();
    const archive = encodeArchive(large("c"));
    layers.remove([first?.chainID ?? ""]);
    const second = await layers.stage(once(archive));
    expect(second.entries).toBe(3500);
    await layers.idle();
  } finally {
    look("umount", "-l", small);
  }
});

const ext4 = { type: 0xef53, spreadBytes: 64 * 2 ** 30 };
const { type, blocks, bsize } = statfsSync(top);

// A smaller one has too few places.
test.skipIf(type !== ext4.type || blocks * bsize < ext4.spreadBytes)(
  "on ext4 a layer is not unpacked where others have just been deleted",
  async () => {
    const deleted = new Set<number>();
    const placeOf = (staged: StagedLayer): number => Math.floor(statSync(staged.folder).ino / (16 * 8192));
    for (let at = 0; at < 12; at++) {
      const staged = await stage([file(`a${at}`)]);
      expect(deleted).not.toContain(placeOf(staged));
      deleted.add(placeOf(staged));
      layers.discard(staged);
    }
  },
);
