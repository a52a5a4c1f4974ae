// kill -9 of the daemon in the middle of images and files on their way in and out: what is left is whole, or swept.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../harness/command.ts";
import { startDaemon, type Daemon } from "../harness/daemon.ts";
import { loadTestImage, testImage } from "../harness/images.ts";
import { encodeArchive } from "../../src/storage/tar-writer.ts";

let daemon: Daemon;
let archive = "";

beforeAll(async () => {
  daemon = await startDaemon();
  await loadTestImage(daemon);
  // An image of two layers, the upper one of some 30 MB.
  const id = await daemon.ok("create", testImage, "true");
  const files = Array.from({ length: 30 }, (_, at) => ({
    path: `f${at}`,
    body: Buffer.alloc(1_000_000, at),
  }));
  await daemon.dockerWith({ input: encodeArchive(files) }, "cp", "-", `${id}:/tmp`);
  await daemon.ok("commit", id, "crashed:1");
  archive = join(daemon.folder, "crashed.tar");
  await daemon.ok("save", "-o", archive, "crashed:1");
  await daemon.ok("rm", id);
  await daemon.ok("rmi", "crashed:1");
}, 60_000);
afterAll(() => daemon.stop(), 60_000);

const graph = (): string[] => readdirSync(join(daemon.root, "graph")).filter((name) => !name.startsWith(":"));
const swept = (): Promise<void> =>
  eventually(
    () => readdirSync(join(daemon.root, "graph", ":tmp:")).length === 0,
    () => "the sweep of graph/:tmp:",
  );

for (const point of ["layers-settled", "layer-renamed", "image config written"])
  test(`a load that dies at "${point}": no image, no layer of it, no blob; the next load is whole`, async () => {
    const before = [graph(), readdirSync(join(daemon.root, "content", "sha256"))];
    await daemon.kill9();
    await daemon.start({ SAMPAN_CRASH_POINT: point });
    expect((await daemon.docker("load", "-i", archive)).exitCode).not.toBe(0);
    await daemon.kill9();
    await daemon.start();
    expect((await daemon.docker("image", "inspect", "crashed:1")).exitCode).toBe(1);
    await swept();
    expect([graph(), readdirSync(join(daemon.root, "content", "sha256"))]).toEqual(before);
    await daemon.ok("load", "-i", archive);
    expect(await daemon.ok("run", "--rm", "crashed:1", "sh", "-c", "ls /tmp | wc -l")).toBe("30");
    await daemon.ok("rmi", "crashed:1");
  });

test("a load, an import and a copy that are cut in the middle leave nothing", async () => {
  const id = await daemon.ok("create", testImage, "true");
  const before = graph();
  const bytes = readFileSync(archive);
  for (const [method, path] of [
    ["POST", "/images/load"],
    ["POST", "/images/create?fromSrc=-&repo=cut"],
    ["PUT", `/containers/${id}/archive?path=/tmp`],
  ] as const) {
    // Half of it, and then silence.
    const half = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes.subarray(0, bytes.length / 2)),
    });
    const request = fetch(`http://engine${path}`, { unix: daemon.socket, method, body: half }).catch(
      () => undefined,
    );
    await Bun.sleep(300);
    await daemon.kill9();
    await request;
    await daemon.start();
    await swept();
    expect(graph()).toEqual(before);
    expect((await daemon.leftovers()).filter((line) => line.includes("/rootfs"))).toEqual([]);
  }
  await daemon.ok("cp", `${id}:/etc/passwd`, join(daemon.folder, "passwd"));
  await daemon.ok("rm", id);
});

test("a reader of a stopped container holds its mount no longer than the daemon lives", async () => {
  const id = await daemon.ok("create", testImage, "true");
  const response = await fetch(`http://engine/containers/${id}/export`, { unix: daemon.socket });
  await response.body?.getReader().read();
  await daemon.kill9();
  await daemon.start();
  expect((await daemon.leftovers()).filter((line) => line.includes("/rootfs"))).toEqual([]);
  await daemon.ok("start", "-a", id);
  await daemon.ok("rm", id);
});

for (const point of ["commit pauses", "layer staged"])
  test(`a container whose commit died at "${point}" runs on when the daemon is back; one that the user paused does not`, async () => {
    const id = await daemon.ok(
      "run",
      "-d",
      testImage,
      "sh",
      "-c",
      "while :; do echo x >>/x; sleep 0.05; done",
    );
    const paused = await daemon.ok("run", "-d", testImage, "sleep", "1000");
    await daemon.ok("pause", paused);
    await daemon.kill9();
    await daemon.start({ SAMPAN_CRASH_POINT: point });
    expect((await daemon.docker("commit", id, "paused:1")).exitCode).not.toBe(0);
    await daemon.kill9();
    await daemon.start();
    const status = async (name: string): Promise<string> =>
      await daemon.ok("inspect", "-f", "{{.State.Status}}", name);
    expect([await status(id), await status(paused)]).toEqual(["running", "paused"]);
    const size = async (): Promise<number> => Number(await daemon.ok("exec", id, "stat", "-c", "%s", "/x"));
    const before = await size();
    await eventually(
      async () => (await size()) > before,
      () => "the program to go on",
    );
    await swept();
    await daemon.ok("unpause", paused);
    await daemon.ok("commit", id, "paused:1");
    expect(await status(id)).toBe("running");
    await daemon.ok("rm", "-f", id, paused);
    await daemon.ok("rmi", "paused:1");
  });

test("a removal that dies after its record: the image is gone and its layers follow", async () => {
  await daemon.ok("load", "-i", archive);
  const before = graph().length;
  await daemon.kill9();
  await daemon.start({ SAMPAN_CRASH_POINT: "image forgotten" });
  expect((await daemon.docker("rmi", "crashed:1")).exitCode).not.toBe(0);
  await daemon.kill9();
  await daemon.start();
  expect((await daemon.docker("image", "inspect", "crashed:1")).exitCode).toBe(1);
  expect(graph()).toHaveLength(before - 1);
  writeFileSync(join(daemon.root, "content", "sha256", `${"a".repeat(64)}.tmp`), "half");
  await daemon.restart();
  expect(existsSync(join(daemon.root, "content", "sha256", `${"a".repeat(64)}.tmp`))).toBe(false);
});
