// What the layer applier makes on a real file system: compared with GNU tar, attacked, and fed with damaged archives.
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidParameterError } from "../../src/base/errors.ts";
import { applyLayer, type AppliedLayer } from "../../src/storage/layer-apply.ts";
import { TarReader } from "../../src/storage/tar-reader.ts";
import { encodeArchive, type EntryWithBody } from "../../src/storage/tar-writer.ts";
import { attacks, file, folder, hard, link } from "./archive-attacks.ts";
import { look } from "./other-eyes.ts";

const root = mkdtempSync("/tmp/sampan-apply-");
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function apply(archive: Uint8Array, into: string, step = 5000): Promise<AppliedLayer> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < archive.length; at += step) yield archive.subarray(at, at + step);
  }
  return await applyLayer(new TarReader(pieces()), into);
}

/** Everything below a folder as find(1), stat(1) and getfattr(1) see it. Times of symbolic links included. */
function listing(path: string): string {
  const entries = look("find", path, "-printf", "%P|%y|%m|%U:%G|%T@|%l|%n|%s\\n")
    .split("\n")
    // A folder's own size depends on the order in which names were made.
    .map((line) => (line.includes("|d|") ? line.slice(0, line.lastIndexOf("|")) : line))
    .sort();
  const devices = look("find", path, "-type", "b,c", "-exec", "stat", "-c", "%n %t:%T", "{}", "+");
  const xattrs = look("getfattr", "-R", "-h", "-d", "-m", "-", "-e", "hex", "--absolute-names", path);
  const sums = look("bash", "-c", `find "$0" -type f -print0 | sort -z | xargs -0 sha256sum`, path);
  return [...entries, devices, xattrs, sums].join("\n").replaceAll(path, "");
}

const source = join(root, "source");

beforeAll(() => {
  mkdirSync(source);
  look(
    "bash",
    "-ec",
    `cd "$0"
    mkdir -p a/b/c "with space" sticky
    echo hello > a/file; head -c 3000000 /dev/urandom > a/big; : > empty
    ln a/file a/b/hard; ln a/file "with space/hard2"
    ln -s ../a/file a/link; ln -s /etc/passwd abs-link; ln -s nowhere dangling
    ln -s $'t\\xe9' $'n\\xfame'; mkdir $'d\\xff\\xfe'; echo x > $'d\\xff\\xfe/f\\xe9'
    echo ü > grüße-🚢
    mknod null c 1 3; mknod disk b 259 1048575; mkfifo -m 640 pipe
    cp a/file setuid; chmod 4755 setuid; chmod 1777 sticky; chmod 2750 a/b; chmod 000 empty
    chown 1000:100 a/file; chown 12345:54321 a/b; chown -h 7:8 a/link; chown 4000000000:4000000001 empty
    name=$(printf 'x%.0s' {1..200}); mkdir -p long/$name/$name; echo deep > long/$name/$name/$name; ln -s $name/$name/$name long/l
    truncate -s 50M sparse; printf middle | dd of=sparse bs=1 seek=20000000 conv=notrunc status=none
    printf start | dd of=sparse bs=1 seek=0 conv=notrunc status=none
    setfattr -n user.note -v "binary" a/file; setfattr -n user.empty a/big; setfattr -n trusted.t -v 0x00ff0a3d a/b
    cp a/file caps; setcap cap_net_raw,cap_net_bind_service+ep caps
    touch -h -d "2001-02-03 04:05:06.123456789" a/link a/big abs-link null pipe
    touch -d "1969-12-31 12:00:00" empty; touch -d "2040-01-01 00:00:00.5" caps; touch -d "1999-01-01" a/b/c a/b a long .`,
    source,
  );
});

const formats: readonly (readonly string[])[] = [
  ["--format=pax", "--xattrs", "--xattrs-include=*"],
  ["--format=pax", "--xattrs", "--xattrs-include=*", "--sparse"],
  ["--format=pax", "--sparse", "--sparse-version=0.1"],
  ["--format=pax", "--sparse", "--sparse-version=0.0"],
  ["--format=gnu"],
  ["--format=gnu", "--sparse"],
];

for (const [at, options] of formats.entries())
  test(`a tree unpacked from ${options.join(" ")} is what GNU tar makes of it`, async () => {
    const archive = join(root, `${at}.tar`);
    look("tar", "-cf", archive, ...options, "-C", source, ".");
    const [ours, theirs] = [join(root, `ours-${at}`), join(root, `theirs-${at}`)];
    mkdirSync(ours);
    mkdirSync(theirs);
    look("tar", "-xpf", archive, "--xattrs", "--xattrs-include=*", "--numeric-owner", "-C", theirs);
    const applied = await apply(readFileSync(archive), ours, 7777);
    expect(listing(ours)).toBe(listing(theirs));
    expect(applied.implied.size).toBe(0);
    const allocated = Number(look("stat", "-c", "%b", join(ours, "sparse")));
    if (options.includes("--sparse")) expect(allocated).toBeLessThan(2000);
  });

test("without xattrs in the archive GNU tar and we agree on the short formats too", async () => {
  const [ours, theirs, archive] = [join(root, "ours-u"), join(root, "theirs-u"), join(root, "u.tar")];
  mkdirSync(ours);
  mkdirSync(theirs);
  for (const format of ["ustar", "v7"]) {
    look("tar", "-cf", archive, `--format=${format}`, "-C", source, "a", "with space", "sticky", "abs-link");
    look("tar", "-xpf", archive, "--numeric-owner", "-C", theirs);
    await apply(readFileSync(archive), ours);
    expect(listing(join(ours, "a"))).toBe(listing(join(theirs, "a")));
    expect(listing(join(ours, "sticky"))).toBe(listing(join(theirs, "sticky")));
  }
});

// Attacks. The layer's folder lies in a playground with things that must not change, and the machine's own /etc beside.

let playground = "";
let inside = "";
let before = "";

beforeEach(() => {
  playground = mkdtempSync(join(root, "playground-"));
  inside = join(playground, "layer");
  mkdirSync(inside);
  mkdirSync(join(playground, "outside"));
  writeFileSync(join(playground, "outside", "victim"), "untouched", { mode: 0o640 });
  writeFileSync(join(playground, "victim"), "untouched");
  before = outside();
});

function outside(): string {
  return (
    listing(join(playground, "outside")) + look("stat", "-c", "%s %a %u:%g %Y %h", join(playground, "victim"))
  );
}

for (const { claim, entries, refused, inside: expected } of attacks)
  test(`attack: ${claim}`, async () => {
    const failure = await apply(encodeArchive(entries), inside).catch((err: unknown) => err);
    if (refused === undefined) {
      if (failure instanceof Error) throw failure;
      const found = look("find", inside, "-mindepth", "1", "-printf", "%P\\n").split("\n").filter(Boolean);
      expect(found.sort()).toEqual([...(expected ?? [])].sort());
    } else {
      expect(failure).toBeInstanceOf(InvalidParameterError);
      expect((failure as Error).message).toContain(refused);
    }
    expect(outside()).toBe(before);
    expect(look("getfattr", "-R", "-h", "-d", "-m", "overlay", inside)).not.toContain("redirect");
  });

test("later entries replace earlier ones of any kind", async () => {
  const kinds: readonly EntryWithBody[] = [
    { path: "x", body: "file" },
    { path: "x", kind: "directory" },
    { path: "x/below", body: "b" },
    { path: "x", kind: "symlink", target: "t" },
    { path: "x", kind: "fifo" },
    { path: "x", kind: "directory", modifiedNs: 5_000_000_000n },
    { path: "x/again", body: "c" },
    { path: "x", kind: "char", deviceMajor: 1, deviceMinor: 3 },
    { path: "x", body: "last", modifiedNs: 7_000_000_000n },
  ];
  await apply(encodeArchive(kinds), inside);
  expect(look("find", inside, "-mindepth", "1", "-printf", "%P %y %s %T@\\n")).toBe("x f 4 7.0000000000\n");
});

test("a file of this layer is not hidden by a whiteout of the same layer, before or after it", async () => {
  await apply(
    encodeArchive([
      file(".wh.before"),
      file("before"),
      file("after"),
      file(".wh.after"),
      file(".wh.dir-before"),
      folder("dir-before"),
      folder("dir-after"),
      file(".wh.dir-after"),
      file("implied/.wh.x"),
      file("implied/x/y"),
      file("gone/.wh.z"),
    ]),
    inside,
  );
  const found = look("find", inside, "-mindepth", "1", "-printf", "%P %y\\n").trim().split("\n").sort();
  expect(found).toEqual([
    "after f",
    "before f",
    "dir-after d",
    "dir-before d",
    "gone d",
    "gone/z c",
    "implied d",
    "implied/x d",
    "implied/x/y f",
  ]);
  const opaque = look("getfattr", "-R", "-m", "overlay", "--absolute-names", inside).replaceAll(inside, "");
  expect(opaque.match(/# file: \S+/g)?.sort()).toEqual([
    "# file: /dir-after",
    "# file: /dir-before",
    "# file: /implied/x",
  ]);
});

test("a folder that hands down its group does so to nothing that the archive gives to root's", async () => {
  await apply(
    encodeArchive([{ ...folder("d", 0o2775), gid: 50 }, file("d/f"), folder("d/e"), link("d/l", "f")]),
    inside,
  );
  expect(look("find", inside, "-mindepth", "1", "-printf", "%P %G %m\\n").trim().split("\n").sort()).toEqual([
    "d 50 2775",
    "d/e 0 755",
    "d/f 0 644",
    "d/l 0 777",
  ]);
});

test("folders that no entry describes are told, those that one describes later are not", async () => {
  const { implied } = await apply(
    encodeArchive([
      file("a/b/c/file"),
      folder("a/b", 0o700),
      link("l", "a"),
      file("l/x/file"),
      folder("a/x"),
    ]),
    inside,
  );
  expect([...implied.values()].sort()).toEqual(["", "a", "a/b/c"]);
});

test("hundreds of folders deep and 300 open folders later, every file is in its place", async () => {
  const deep = Array.from({ length: 400 }, (_, at) => `d${at}`).join("/");
  const wide = Array.from({ length: 300 }, (_, at) => file(`w${at}/f`, String(at)));
  await apply(
    encodeArchive([file(`${deep}/f`), ...wide, ...wide.map(({ path }) => hard(`h/${path}`, path))]),
    inside,
  );
  expect(look("find", inside, "-type", "f", "-printf", ".").length).toBe(601);
  expect(readFileSync(join(inside, "h/w299/f"), "utf8")).toBe("299");
});

test("no damaged archive changes anything outside or gives anything but an InvalidParameterError", async () => {
  const archive = encodeArchive(
    attacks.filter(({ refused }) => refused === undefined).flatMap(({ entries }) => entries),
  );
  let seed = 20_261_123;
  const below = (limit: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % limit;
  };
  const bait = ["../", "..", "/", "l/", "./", ".wh.", ".wh..wh..opq", "d/", "outside", "victim", "l/../.."];
  let taken = 0;
  for (let round = 0; round < 600; round++) {
    const damaged = Buffer.from(archive);
    for (let hits = 1 + below(6); hits > 0; hits--) {
      const at = below(damaged.length / 512) * 512;
      // Names, targets and types are what matters; sizes now and then.
      const kind = below(4);
      if (kind === 0) damaged.write("0123456LKxg"[below(11)] ?? "0", at + 156, "latin1");
      else damaged.write(bait[below(bait.length)] ?? "", at + (kind === 1 ? 157 : 0) + below(8), "latin1");
    }
    for (let at = 0; at + 512 <= damaged.length; at += 512) {
      if (damaged.toString("latin1", at + 257, at + 262) !== "ustar") continue;
      damaged.fill(" ", at + 148, at + 156);
      const sum = damaged.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
      damaged.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
    }
    rmSync(inside, { recursive: true });
    mkdirSync(inside);
    const failure = await apply(damaged, inside).catch((err: unknown) => err);
    if (!(failure instanceof Error)) taken++;
    else expect(failure).toBeInstanceOf(InvalidParameterError);
  }
  expect(taken).toBeGreaterThan(10);
  expect(outside()).toBe(before);
});

test("the playground itself can tell: a plain write through a link changes it", () => {
  symlinkSync("../outside", join(inside, "l"));
  writeFileSync(join(inside, "l", "victim"), "changed");
  expect(outside()).not.toBe(before);
});
