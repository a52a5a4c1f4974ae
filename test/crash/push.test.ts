// kill -9 of the daemon in the middle of a push: nothing of it stays here, and the next push makes the image whole there.
import { afterAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { eventually, output, run } from "../harness/command.ts";
import { startDaemon } from "../harness/daemon.ts";
import { putImage } from "../harness/registry-images.ts";
import { startRegistry, type Registry } from "../harness/registry.ts";
import { sha256 } from "../harness/tar.ts";

const source = await startRegistry();
const engine = await startDaemon();
afterAll(async () => {
  await engine.stop();
  await source.stop();
});

// It cannot be compressed: as many bytes go over the wire.
const layerBytes = 12 << 20;
const layers = [1, 2, 3, 4, 5, 6].map((name) => ({ [`layer-${name}`]: randomBytes() }));
const imageBytes = layers.length * layerBytes;
await putImage(`${source.host}/pushed:1`, layers, { compression: "none" });
await engine.ok("pull", `${source.host}/pushed:1`);

/** In the kernel, of a daemon that does nothing. */
const inKernel = async (): Promise<string[]> =>
  (await engine.leftovers()).filter((line) => !line.startsWith("process"));
const quiet = await inKernel();

function randomBytes(): Uint8Array {
  const bytes = new Uint8Array(layerBytes);
  for (let at = 0; at < layerBytes; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

/** Bytes of blobs that a registry has, whole or in part. */
async function arrivedBytes({ data }: Registry): Promise<number> {
  // Files may go while it looks.
  const { stdout } = await run(["find", data, "-name", "data", "-printf", "%s\\n"]);
  return stdout.split("\n").reduce((sum, line) => sum + Number(line), 0);
}

/** All that the daemon keeps, but for which blobs registries know: that is true of each layer that arrived. */
const kept = async (): Promise<string[]> => {
  const found = await output(["find", engine.root, "-type", "f,d,l", "-printf", "%P %y %s\\n"]);
  return found
    .split("\n")
    .filter((line) => !line.startsWith("distribution"))
    .toSorted();
};

const archiveOf = async (image: string): Promise<string> => {
  const path = join(engine.folder, "saved.tar");
  await engine.ok("save", "-o", path, image);
  return sha256(await Bun.file(path).bytes());
};

test.each([0.1, 0.5, 0.9])(
  "a push that dies at %d of the image leaves nothing here, and is whole when it is repeated",
  async (at) => {
    const pulled = `${source.host}/pushed:1`;
    const target = await startRegistry();
    const image = `${target.host}/pushed:1`;
    try {
      await engine.ok("tag", pulled, image);
      const [before, archive] = [await kept(), await archiveOf(image)];
      const pushing = engine.docker("push", image);
      await eventually(
        async () => (await arrivedBytes(target)) > at * imageBytes,
        () => `${at} of the image to arrive`,
      );
      await engine.kill9();
      expect((await pushing).exitCode).not.toBe(0);
      await engine.start();
      await eventually(
        () => readdirSync(join(engine.root, "graph", ":tmp:")).length === 0,
        () => "the sweep of graph/:tmp:",
      );
      expect(await kept()).toEqual(before);
      expect(await inKernel()).toEqual(quiet);

      await engine.ok("push", image);
      const id = await engine.ok("image", "inspect", "-f", "{{.Id}}", image);
      await engine.ok("rmi", image, pulled);
      await engine.ok("pull", image);
      expect(await engine.ok("image", "inspect", "-f", "{{.Id}}", image)).toBe(id);
      expect(await archiveOf(image)).toBe(archive);
      await engine.ok("tag", image, pulled);
      await engine.ok("rmi", image);
    } finally {
      await target.stop();
    }
  },
);
