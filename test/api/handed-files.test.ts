// Archives that our client hands to the daemon as open files, in place of sending their bytes.
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { output } from "../harness/command.ts";
import { openFiles } from "../harness/descriptors.ts";
import { daemonForTests } from "../harness/for-tests.ts";
import { tarOf } from "../harness/tar.ts";

const daemon = await daemonForTests();
const { ok, sampan, dockerWith, pid, execRoot } = daemon;
const folder = mkdtempSync(join(tmpdir(), "sampan-archives-"));
afterAll(() => rmSync(folder, { recursive: true }));

const tar = await tarOf({ large: Buffer.alloc(6 << 20, "0123456789abcdef"), word: "hello" });
const archive = join(folder, "archive.tar");
writeFileSync(archive, tar);

const layersOf = (name: string): Promise<string> => ok("inspect", "-f", "{{.RootFS.Layers}}", name);
/** Files outside of its own folders that the daemon has open. */
const openArchives = (): string[] => openFiles(pid()).filter((target) => target.startsWith(folder));

async function succeeds(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await sampan(...args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout.trim();
}

/** The requests that the log tells of a file that was taken or not. */
const refusals = (): number => daemon.log().split("file not taken over").length - 1;

test("import and load of a file give what they give of its bytes, and leave nothing open", async () => {
  await dockerWith({ input: tar }, "import", "-", "sent:1");
  expect(await succeeds("import", archive, "handed:1")).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await layersOf("handed:1")).toBe(await layersOf("sent:1"));
  const saved = join(folder, "saved.tar");
  await succeeds("save", "-o", saved, "handed:1", "sent:1");
  await succeeds("rmi", "handed:1", "sent:1");
  expect(await succeeds("load", "-i", saved)).toContain("Loaded image: handed:1");
  expect(await layersOf("handed:1")).toBe(await layersOf("sent:1"));
  await succeeds("rmi", "handed:1", "sent:1");
  expect(openArchives()).toEqual([]);
  expect(refusals()).toBe(0);
});

test("compressed archives too; what is none is refused as it is of bytes", async () => {
  const noise = Buffer.concat(
    Array.from({ length: 100 }, () => crypto.getRandomValues(new Uint8Array(60_000))),
  );
  const packed = await tarOf({ noise }, "--gzip");
  writeFileSync(`${archive}.gz`, packed);
  await dockerWith({ input: packed }, "import", "-", "sent:gz");
  await succeeds("import", `${archive}.gz`, "handed:gz");
  expect(await layersOf("handed:gz")).toBe(await layersOf("sent:gz"));
  await succeeds("rmi", "handed:gz", "sent:gz");

  writeFileSync(join(folder, "none"), noise);
  const { exitCode, stderr } = await sampan("import", join(folder, "none"), "none:1");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("invalid tar header");
  expect(openArchives()).toEqual([]);
});

test("a pipe, a small file and a folder are no files to hand over", async () => {
  const pipe = join(folder, "pipe");
  await output(["mkfifo", pipe]);
  const writer = Bun.spawn(["sh", "-c", `exec cat ${archive} > ${pipe}`]);
  await succeeds("import", pipe, "pipe:1");
  expect(await writer.exited).toBe(0);
  const small = join(folder, "small.tar");
  writeFileSync(small, await tarOf({ word: "hello" }));
  await succeeds("import", small, "small:1");
  await succeeds("rmi", "pipe:1", "small:1");
  expect((await sampan("import", folder, "folder:1")).stderr).toContain(`read ${folder}: is a directory`);
  const missing = await sampan("load", "-i", join(folder, "missing"));
  expect(missing.stderr).toContain("missing: no such file or directory");
});

test("where the daemon's socket for files is not to be reached, the bytes are sent", async () => {
  const socket = join(execRoot, "files.sock");
  renameSync(socket, `${socket}.away`);
  try {
    await succeeds("import", archive, "sent:2");
    await succeeds("rmi", "sent:2");
  } finally {
    renameSync(`${socket}.away`, socket);
  }
});

test("a ticket that nobody has is refused and leaves no image", async () => {
  const path = `/images/create?fromSrc=-&repo=forged&sampanFile=${"0".repeat(32)}`;
  const { body } = await daemon.api("POST", path);
  expect(body).toContain("the file that was handed over is not here");
  expect((await sampan("inspect", "forged")).exitCode).toBe(1);
});

test("a killed daemon's successor takes files again", async () => {
  await daemon.kill9();
  await daemon.start();
  await succeeds("import", archive, "again:1");
  await succeeds("rmi", "again:1");
});
