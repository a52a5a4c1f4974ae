// Archives into and out of a tree that somebody else is changing: whatever that one does, nothing leads out of the tree.
import { afterAll, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidParameterError, SystemError } from "../../src/base/errors.ts";
import { unpackInto, type UnpackOptions } from "../../src/storage/unpack-into.ts";
import { TarReader } from "../../src/storage/tar-reader.ts";
import { encodeArchive, type EntryWithBody } from "../../src/storage/tar-writer.ts";
import { packTree, type PackOptions } from "../../src/storage/tree-archive.ts";
import { closeFd, O_DIRECTORY, O_PATH, openFile } from "../../src/sys/file.ts";
import { attacks, file, folder, link } from "./archive-attacks.ts";
import { stream } from "./image-archives.ts";
import { look } from "./other-eyes.ts";

const top = mkdtempSync("/tmp/sampan-in-use-");
afterAll(() => rmSync(top, { recursive: true, force: true }));

let playground = "";
let root = "";
let before = "";

beforeEach(() => {
  playground = mkdtempSync(join(top, "playground-"));
  root = join(playground, "layer");
  mkdirSync(join(root, "target"), { recursive: true });
  mkdirSync(join(playground, "outside"));
  writeFileSync(join(playground, "outside", "victim"), "untouched", { mode: 0o640 });
  writeFileSync(join(playground, "victim"), "untouched");
  before = outside();
});

function outside(): string {
  const format = "%p %y %m %U:%G %T@ %n %s\\n";
  return look("find", join(playground, "outside"), join(playground, "victim"), "-printf", format);
}

async function unpack(
  entries: readonly EntryWithBody[],
  options: Partial<UnpackOptions> = {},
): Promise<void> {
  const reader = new TarReader(stream(encodeArchive(entries)));
  await unpackInto(reader, root, { into: "target", keepKinds: false, ...options });
}

function pack(options: PackOptions = {}): Buffer {
  const fd = openFile(root, O_PATH | O_DIRECTORY);
  try {
    return Buffer.concat([...packTree(fd, options)]);
  } finally {
    closeFd(fd);
  }
}

for (const { claim, entries } of attacks)
  for (const into of ["", "target"])
    test(`attack on a tree in use, into ${into || "its root"}: ${claim}`, async () => {
      const failure = await unpack(entries, { into }).catch((err: unknown) => err);
      if (failure !== undefined) expect(failure).toBeInstanceOf(InvalidParameterError);
      expect(outside()).toBe(before);
    });

test("names that mean something in a layer are names here", async () => {
  await unpack([file(".wh.a", "1"), folder("d"), file("d/.wh..wh..opq", "2")]);
  expect(look("find", root, "-mindepth", "2", "-printf", "%P %y\\n").trim().split("\n").sort()).toEqual([
    "target/.wh.a f",
    "target/d d",
    "target/d/.wh..wh..opq f",
  ]);
});

test("a link that is in the tree is followed inside it, to the folder that it names", async () => {
  mkdirSync(join(root, "real"));
  symlinkSync("/real", join(root, "target", "way"));
  await unpack([file("way/f", "x")]);
  expect(readFileSync(join(root, "real", "f"), "utf8")).toBe("x");
});

/** Lets another process swap `d` (a folder) and `l` (a link to the outside) as fast as it can while `work` runs. */
async function whileSwapping(work: () => Promise<void>): Promise<void> {
  mkdirSync(join(root, "target", "d"));
  symlinkSync("../../outside", join(root, "target", "l"));
  const program = `
    import { openFile, O_PATH, O_DIRECTORY } from "${import.meta.dir}/../../src/sys/file.ts";
    import { renameat2, RENAME_EXCHANGE } from "${import.meta.dir}/../../src/sys/directory-entry.ts";
    const fd = openFile(${JSON.stringify(join(root, "target"))}, O_PATH | O_DIRECTORY);
    console.log("swapping");
    for (;;) renameat2(fd, "d", fd, "l", RENAME_EXCHANGE);`;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "inherit" });
  try {
    for await (const _ of child.stdout) break;
    await work();
  } finally {
    child.kill();
    await child.exited;
  }
}

test("a folder that becomes a link and a folder again while files are unpacked into it leads nowhere else", async () => {
  let failed = 0;
  await whileSwapping(async () => {
    for (let round = 0; round < 400; round++) {
      const entries = [
        file(`d/f${round}`, "evil"),
        folder("d/sub", 0o777),
        file("d/victim", "evil"),
        link("d/k", "x"),
      ];
      const failure = await unpack(entries).catch((err: unknown) => err);
      if (failure === undefined) continue;
      failed++;
      expect(failure instanceof InvalidParameterError || failure instanceof SystemError).toBe(true);
    }
  });
  // The race took place.
  expect(failed).toBeGreaterThan(0);
  expect(outside()).toBe(before);
});

test("the same while the tree is packed and folders are cleared: what lies outside is neither told nor touched", async () => {
  writeFileSync(join(playground, "outside", "secret"), "the secret");
  const now = outside();
  await whileSwapping(async () => {
    for (let round = 0; round < 300; round++) {
      expect(pack().includes("the secret")).toBe(false);
      expect(pack({ path: "target", name: "x" }).includes("the secret")).toBe(false);
      await unpack([folder("gone/d"), file("gone/d/f"), file("gone")]).catch(() => undefined);
      // A file in place of what is a folder or a link at that moment.
      if (round % 10 === 9) await unpack([file("d/x/y")]).catch(() => undefined);
    }
  });
  expect(outside()).toBe(now);
});

test("packed and unpacked by GNU tar a tree is the same, by us too, and packs to the same bytes", async () => {
  look(
    "bash",
    "-ec",
    `cd "$0"; mkdir -p a/b; echo hello > a/file; ln a/file a/b/hard; ln -s ../a/file a/link; mknod null c 1 3; mkfifo -m 640 pipe
     chown 1000:100 a/file; chmod 4755 a/file; chown -h 7:8 a/link; mkdir $'d\\xff'; echo x > $'d\\xff/f\\xe9'
     truncate -s 5M sparse; printf middle | dd of=sparse bs=1 seek=2000000 conv=notrunc status=none; truncate -s 1M hole
     printf x | dd of=hole2 bs=1 seek=900000 status=none; name=$(printf 'n%.0s' {1..200}); mkdir -p $name/$name; echo deep > $name/$name/$name
     setfattr -n user.note -v binary a/file; setfattr -n trusted.t -v 0x00ff0a3d a/b; cp a/file caps; setcap cap_net_raw+ep caps
     find . -print0 | xargs -0 touch -h -d "2001-02-03 04:05:06"`,
    join(root, "target"),
  );
  const listing = (path: string): string =>
    [
      look("find", path, "-printf", "%P|%y|%m|%U:%G|%T@|%l|%n\\n").split("\n").sort().join("\n"),
      look("getfattr", "-R", "-h", "-d", "-m", "-", "-e", "hex", "--absolute-names", path),
      look("bash", "-c", `cd "$0" && find . -type f -print0 | sort -z | xargs -0 sha256sum`, path),
    ]
      .join("\n")
      .replaceAll(path, "");
  for (const sparse of [true, false]) {
    const archive = pack({ path: "target", name: "copy", sparse });
    expect(archive.length < 2_000_000).toBe(sparse);
    const at = join(playground, `copy-${sparse}.tar`);
    writeFileSync(at, archive);
    const [theirs, ours] = [join(playground, `theirs-${sparse}`), `ours-${sparse}`];
    mkdirSync(theirs);
    mkdirSync(join(root, ours));
    look("tar", "-xpf", at, "--xattrs", "--xattrs-include=*", "--numeric-owner", "-C", theirs);
    expect(listing(join(theirs, "copy"))).toBe(listing(join(root, "target")));
    await unpackInto(new TarReader(stream(archive)), root, { into: ours, keepKinds: true });
    expect(listing(join(root, ours, "copy"))).toBe(listing(join(root, "target")));
    expect(pack({ path: `${ours}/copy`, name: "copy", sparse }).equals(archive)).toBe(true);
  }
});
