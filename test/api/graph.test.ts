// `graph ls` and `graph fsck` on stores that have come to harm, in every part of the store.
import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { output } from "../harness/command.ts";
import { startDaemon } from "../harness/daemon.ts";
import { loadTestImage, testImage } from "../harness/images.ts";

const engine = await startDaemon();
afterAll(() => engine.stop());
await loadTestImage(engine);
const { ok, sampan, root } = engine;

type Layer = { readonly ID: string; readonly Parent: string; readonly Names: string };
const layers = async (): Promise<Layer[]> => {
  const { stdout } = await sampan("graph", "ls", "--no-trunc", "--format", "json");
  return stdout
    .trim()
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Layer);
};
const folderOf = (id: string): string => join(root, "graph", id.replace("sha256:", ""));
const fsck = async (...flags: string[]) => {
  const { exitCode, stdout, stderr } = await sampan("graph", "fsck", ...flags);
  return { exitCode, text: stdout + stderr, verdict: stdout.trim().split("\n").at(-1) };
};
const inspect = (format: string, name: string) => ok("inspect", "-f", format, name);
/** Changes the byte in the middle of a file. */
function flip(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 0x20;
  writeFileSync(path, bytes);
}

/** An image of two layers, each with a file. */
beforeEach(async () => {
  await ok("rmi", "-f", "top:1").catch(() => {});
  await ok(
    "run",
    "--name",
    "maker",
    testImage,
    "sh",
    "-c",
    "echo some words >/etc/words; ln /etc/words /etc/again",
  );
  await ok("commit", "maker", "top:1");
  await ok("rm", "maker");
  expect((await fsck("--repair")).exitCode).toBe(0);
  expect(await fsck()).toMatchObject({ exitCode: 0, verdict: "nothing wrong" });
});

const topLayer = async (): Promise<string> => {
  const all = await layers();
  return all.find(({ Names }) => Names === "top:1")?.ID ?? "";
};

test("graph ls: layers below those that stand on them, with their images' names", async () => {
  const [base, top, ...others] = await layers();
  expect(others).toEqual([]);
  expect(base).toMatchObject({ Parent: "", Names: expect.stringContaining("top:1") as string });
  expect(top).toMatchObject({ Parent: base?.ID, Names: "top:1" });
  const { stdout } = await sampan("graph", "ls");
  expect(stdout).toMatch(/^LAYER +PARENT +SIZE +ARCHIVE +CONTAINERS +NAMES\n[0-9a-f]{12} +\d/);
});

test("graph json: layers in the shape of 2013", async () => {
  const [base, top] = await layers();
  const { stdout } = await sampan("graph", "json");
  const [lower, upper, ...more] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: string });
  expect(more).toEqual([]);
  const hex = (layer: Layer | undefined) => layer?.ID.replace("sha256:", "");
  expect(lower).toMatchObject({ id: hex(base) });
  expect(upper).toMatchObject({ id: hex(top), parent: hex(base) });
  expect((await sampan("graph", "json", hex(top)?.slice(0, 12) ?? "")).stdout).toBe(
    `${JSON.stringify(upper)}\n`,
  );
  expect(await sampan("graph", "json", "nosuch")).toMatchObject({
    exitCode: 1,
    stderr: "no such layer: nosuch\n",
  });
});

test("a sound store: everything is counted", async () => {
  const { text } = await fsck();
  expect(text).toMatch(
    /^2 layers: \d+ files, \d+ bytes\n2 images, 2 names\n2 blobs: \d+ bytes\n0 bytes belong to nothing\n/,
  );
});

describe("layers", () => {
  test("a changed file, a flipped byte in a tar-split: named, not repaired", async () => {
    const folder = folderOf(await topLayer());
    const words = join(folder, "diff/etc/words");
    const before = readFileSync(words);
    writeFileSync(words, "other words");
    expect(await fsck("--repair")).toMatchObject({ exitCode: 1, verdict: "1 problems, 0 repaired, 1 left" });
    expect((await fsck()).text).toMatch(
      /^layer sha256:\w+: its archive (is|cannot be written again).*pull or load again: top:1\)/,
    );
    writeFileSync(words, before);
    const split = readFileSync(join(folder, "tar-split"));
    flip(join(folder, "tar-split"));
    expect((await fsck()).text).toMatch(/^layer sha256:\w+: its archive (is|cannot be written again)/);
    writeFileSync(join(folder, "tar-split"), split);
    expect((await fsck()).exitCode).toBe(0);
  });

  test("a file that no archive brought: its bytes are counted", async () => {
    const foreign = join(folderOf(await topLayer()), "diff/etc/foreign");
    writeFileSync(foreign, "12345");
    const { exitCode, text } = await fsck("--repair");
    expect(exitCode).toBe(1);
    expect(text).toContain('the file "etc/foreign", 5 bytes, is not of its archive');
    expect(text).toContain("\n5 bytes belong to nothing\n");
    rmSync(foreign);
  });

  test("a wrong size in its record is put right", async () => {
    const path = join(folderOf(await topLayer()), "layer.json");
    const record = JSON.parse(readFileSync(path, "utf8")) as { sizeBytes: number };
    const rightBytes = record.sizeBytes;
    await engine.kill9();
    writeFileSync(path, JSON.stringify({ ...record, sizeBytes: 1 }));
    await engine.start();
    expect((await fsck()).text).toContain("its record says 1 bytes");
    expect(await fsck("--repair")).toMatchObject({ exitCode: 0, verdict: "1 problems, 1 repaired, 0 left" });
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ sizeBytes: rightBytes });
  });

  test("a record that cannot be read is made anew, and its image with it; nothing is thrown away before", async () => {
    const path = join(folderOf(await topLayer()), "layer.json");
    const before = readFileSync(path, "utf8");
    await engine.kill9();
    writeFileSync(path, "{");
    await engine.start();
    expect((await engine.docker("run", "--rm", "top:1", "true")).exitCode).not.toBe(0);
    expect((await fsck()).text).toContain("its record cannot be read (can be repaired)");
    expect((await fsck("--repair")).exitCode).toBe(0);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(JSON.parse(before));
    expect(await ok("run", "--rm", "top:1", "cat", "/etc/words")).toBe("some words");
  });

  test("a layer that is gone: its images and containers are named", async () => {
    const folder = folderOf(await topLayer());
    await ok("create", "--name", "user", "top:1");
    const id = await inspect("{{.Id}}", "user");
    await engine.kill9();
    rmSync(folder, { recursive: true });
    await engine.start();
    const { exitCode, text } = await fsck("--repair");
    expect(exitCode).toBe(1);
    expect(text).toMatch(
      /image sha256:\w+: it lacks the layers sha256:\w+ \(cannot be repaired; pull or load it again\)/,
    );
    expect(text).toMatch(/name top:1: leads to sha256:\w+, which cannot be used/);
    expect(text).toContain(`container ${id}: it stands on layers that are missing`);
    await ok("rm", "user");
    // The base has been spared: the other image of it works.
    expect(await ok("run", "--rm", testImage, "echo", "here")).toBe("here");
    await engine.kill9();
    rmSync(join(root, "repositories"));
    for (const name of readdirSync(join(root, "images"))) rmSync(join(root, "images", name));
    await engine.start();
    await loadTestImage(engine);
  });

  test("a layer of no image, stray folders and files", async () => {
    mkdirSync(join(root, "graph/:tmp:/stray/diff"), { recursive: true });
    writeFileSync(join(root, "graph/notes"), "mine");
    const { text } = await fsck("--repair");
    expect(text).toContain("left by a layer in the making (repaired)");
    expect(text).toContain("is nothing of the graph's (cannot be repaired; look at notes and delete it)");
    expect(existsSync(join(root, "graph/:tmp:/stray"))).toBe(false);
    expect(existsSync(join(root, "graph/notes"))).toBe(true);
    rmSync(join(root, "graph/notes"));
  });
});

describe("images, names and content", () => {
  const imageId = () => inspect("{{.Id}}", "top:1");
  const content = async () => join(root, "content/sha256", (await imageId()).slice(7));
  const record = async () => join(root, "images", `${(await imageId()).slice(7)}.json`);

  test("a flipped byte in a config: named, not repaired", async () => {
    const path = await content();
    const before = readFileSync(path);
    flip(path);
    const { exitCode, text } = await fsck("--repair");
    expect(exitCode).toBe(1);
    expect(text).toMatch(
      /image sha256:\w+: its config: content sha256:\w+ is damaged on disk \(cannot be repaired; pull or load it again: top:1\)/,
    );
    writeFileSync(path, before);
  });

  test("a damaged record of an image is made anew, and its layers are spared till then", async () => {
    const path = await record();
    await engine.kill9();
    writeFileSync(path, "not JSON");
    await engine.start();
    expect((await fsck()).text).toMatch(/image sha256:\w+: its record cannot be used \(can be repaired\)/);
    expect((await fsck("--repair")).exitCode).toBe(0);
    expect(await ok("run", "--rm", "top:1", "cat", "/etc/words")).toBe("some words");
  });

  test("a dangling name is taken away", async () => {
    await engine.kill9();
    const path = join(root, "repositories");
    const names = JSON.parse(readFileSync(path, "utf8")) as { Repositories: Record<string, object> };
    names.Repositories["lost"] = { "1": `sha256:${"5".repeat(64)}` };
    writeFileSync(path, JSON.stringify(names));
    await engine.start();
    const { exitCode, text } = await fsck("--repair");
    expect(exitCode).toBe(0);
    expect(text).toMatch(/^name lost:1: leads to sha256:5+, which is not there \(repaired\)/);
    expect(readFileSync(path, "utf8")).not.toContain("lost");
  });

  test("names on the disk that are not what the engine knows are written again", async () => {
    appendFileSync(join(root, "repositories"), "x");
    expect((await fsck("--repair")).text).toContain(
      "file repositories: does not say what the engine knows (repaired)",
    );
    await engine.restart();
    expect(await imageId()).toStartWith("sha256:");
  });

  test("content of no image, and half of a file, are deleted", async () => {
    const blob = join(root, "content/sha256", "7".repeat(64));
    const temp = join(root, "images/x.json.tmp");
    const help = join(root, "distribution", `${"8".repeat(64)}.json`);
    for (const path of [blob, temp, help]) writeFileSync(path, "x");
    const { exitCode, text } = await fsck("--repair");
    expect(exitCode).toBe(0);
    expect(text).toContain("no image names it (repaired)");
    expect([blob, temp, help].filter(existsSync)).toEqual([]);
  });
});

test("a repair that fails is named, and the rest is checked all the same", async () => {
  const folder = join(root, "content/sha256", "6".repeat(64));
  const temp = join(root, "images/y.json.tmp");
  mkdirSync(folder);
  writeFileSync(temp, "x");
  const { exitCode, text, verdict } = await fsck("--repair");
  rmSync(folder, { recursive: true });
  expect(exitCode).toBe(1);
  expect(text).toMatch(/^content sha256:6+: no image names it: .*directory.* \(cannot be repaired\)$/m);
  expect(verdict).toBe("2 problems, 1 repaired, 1 left");
  expect(existsSync(temp)).toBe(false);
});

test("others are answered while large layers and many files are read", async () => {
  const folder = mkdtempSync(join(engine.folder, "large-"));
  for (let at = 0; at < 20_000; at++) writeFileSync(join(folder, String(at)), "x");
  writeFileSync(join(folder, "large"), Buffer.alloc(200 << 20, "sampan"));
  const archive = join(engine.folder, "large.tar");
  await output(["tar", "-cf", archive, "-C", folder, "."], { timeoutMs: 60_000 });
  await ok("import", archive, "large:1");
  const checking = fsck();
  const over = checking.then(() => "over");
  let answered = 0;
  for (; (await Promise.race([over, Bun.sleep(0)])) !== "over"; answered++)
    expect((await engine.api("GET", "/_ping")).status).toBe(200);
  expect((await checking).verdict).toBe("nothing wrong");
  // One that stands still answers before it begins and after it has ended.
  expect(answered).toBeGreaterThan(20);
  await ok("rmi", "large:1");
  rmSync(folder, { recursive: true });
  rmSync(archive);
});

test("beside a daemon that works: commits and removals meanwhile are no problems", async () => {
  const work = (async () => {
    for (let round = 0; round < 6; round++) {
      await ok("run", "--name", `w${round}`, testImage, "sh", "-c", `echo ${round} >/file`);
      await ok("commit", `w${round}`, `work:${round}`);
      await ok("rm", `w${round}`);
      if (round % 2 === 0) await ok("rmi", `work:${round}`);
    }
  })();
  const verdicts: unknown[] = [];
  const over = work.then(() => "over");
  while ((await Promise.race([over, Bun.sleep(0)])) !== "over")
    verdicts.push((await fsck("--repair")).verdict);
  expect(new Set(verdicts)).toEqual(new Set(["nothing wrong"]));
  await ok("rmi", "work:1", "work:3", "work:5");
});
