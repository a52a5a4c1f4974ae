// Pulls that are cut off, by the network, by the user or by the death of the daemon, go on where they were.
import { afterAll, beforeEach, expect, test } from "bun:test";
import { closeSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../harness/command.ts";
import { startDaemon } from "../harness/daemon.ts";
import { putImage } from "../harness/registry-images.ts";
import { startCutter, startRegistry } from "../harness/registry.ts";

const registry = await startRegistry();
const wire = await startCutter(registry.port);
const engine = await startDaemon();
afterAll(async () => {
  await engine.stop();
  wire.stop();
  await registry.stop();
});

// As many bytes as an image of 300 MB has when it is compressed.
const layerBytes = 21 << 20;
const layers = [1, 2, 3, 4, 5, 6].map((name) => ({
  [`layer-${name}`]: randomBytes(),
}));
const imageBytes = layers.length * layerBytes;
const image = `${wire.host}/resumed:1`;
await putImage(`${registry.host}/resumed:1`, layers, { compression: "none" });

function randomBytes(): Uint8Array {
  const bytes = new Uint8Array(layerBytes);
  for (let at = 0; at < layerBytes; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

const ingest = join(engine.root, "content/ingest");
const keptBytes = (): number =>
  readdirSync(ingest).reduce((sum, name) => sum + statSync(join(ingest, name)).size, 0);

beforeEach(async () => {
  Object.assign(wire, {
    cutAfter: Number.POSITIVE_INFINITY,
    ratePerSecond: Number.POSITIVE_INFINITY,
    onSent: () => {},
  });
  if ((await engine.ok("images", "-q")) !== "") await engine.ok("rmi", image);
});

/** Does `work` and gives the bytes that came over the wire meanwhile, as a part of the image's own. */
async function fetched(work: () => Promise<unknown>): Promise<number> {
  const before = wire.sentBytes();
  await work();
  return (wire.sentBytes() - before) / imageBytes;
}

/** What connections can have under way when they end: sent, and not yet received by the daemon. */
const underWay = (2 << 20) / imageBytes;

test("a wire that breaks every few megabytes costs hardly a byte twice", async () => {
  wire.cutAfter = 5 << 20;
  const part = await fetched(() => engine.ok("pull", image));
  expect(part).toBeGreaterThan(1);
  expect(part).toBeLessThan(1 + underWay);
  expect(readdirSync(ingest)).toEqual([]);
});

test.each([0.3, 0.9])(
  "after a kill -9 of the daemon at %d of the image only the rest is fetched",
  async (at) => {
    const part = await fetched(async () => {
      wire.ratePerSecond = 20 << 20;
      const pulling = engine.docker("pull", image);
      await eventually(
        () => keptBytes() > at * imageBytes,
        () => `${at} of the image, there are ${keptBytes()} bytes`,
      );
      await engine.kill9();
      expect((await pulling).exitCode).not.toBe(0);
      await engine.start();
      expect(await engine.ok("images", "-q")).toBe("");
      wire.ratePerSecond = Number.POSITIVE_INFINITY;
      await engine.ok("pull", image);
    });
    expect(part).toBeGreaterThan(1);
    expect(part).toBeLessThan(1.02);
    expect(readdirSync(ingest)).toEqual([]);
  },
);

test.each([1, 2, 3])(
  "a registry at memory speed sends hardly a byte twice after a kill -9 at 0.9 of the image (%d)",
  async () => {
    const part = await fetched(async () => {
      const killed = Promise.withResolvers<void>();
      const enough = wire.sentBytes() + 0.9 * imageBytes;
      wire.onSent = () => {
        if (wire.sentBytes() < enough) return;
        wire.onSent = () => {};
        killed.resolve(engine.kill9());
      };
      const pulling = engine.docker("pull", image);
      await killed.promise;
      expect((await pulling).exitCode).not.toBe(0);
      await engine.start();
      expect(await engine.ok("images", "-q")).toBe("");
      await engine.ok("pull", image);
    });
    expect(part).toBeGreaterThan(1);
    expect(part).toBeLessThan(1.02);
    expect(readdirSync(ingest)).toEqual([]);
  },
);

test("Ctrl-C at the client ends the pull; the next one goes on", async () => {
  const part = await fetched(async () => {
    wire.ratePerSecond = 20 << 20;
    const client = engine.terminal("pull", image);
    await eventually(
      () => keptBytes() > 0.5 * imageBytes,
      () => `half of the image: ${client.seen()}`,
    );
    client.type("\u0003");
    await client.child.exited;
    await Bun.sleep(200);
    const before = wire.sentBytes();
    await Bun.sleep(300);
    expect(wire.sentBytes()).toBe(before);
    wire.ratePerSecond = Number.POSITIVE_INFINITY;
    await engine.ok("pull", image);
  });
  expect(part).toBeLessThan(1 + underWay);
});

test("a daemon that is told to end in mid-pull does so at once, and the next one goes on", async () => {
  const part = await fetched(async () => {
    wire.ratePerSecond = 20 << 20;
    const pulling = engine.docker("pull", image);
    await eventually(
      () => keptBytes() > 0.3 * imageBytes,
      () => "a part of the image",
    );
    const before = performance.now();
    await engine.restart();
    expect(performance.now() - before).toBeLessThan(5000);
    expect((await pulling).exitCode).not.toBe(0);
    wire.ratePerSecond = Number.POSITIVE_INFINITY;
    await engine.ok("pull", image);
  });
  expect(part).toBeLessThan(1 + underWay);
});

test("one of two who wait gives up: the other gets the image", async () => {
  wire.ratePerSecond = 30 << 20;
  const staying = engine.docker("pull", image);
  const leaving = engine.terminal("pull", image);
  await eventually(
    () => keptBytes() > 0.2 * imageBytes,
    () => "a part of the image",
  );
  leaving.type("\u0003");
  await leaving.child.exited;
  expect((await staying).exitCode).toBe(0);
});

test("what was kept is not believed: a partial download that was damaged is fetched anew", async () => {
  wire.ratePerSecond = 20 << 20;
  const client = engine.terminal("pull", image);
  await eventually(
    () => keptBytes() > 0.5 * imageBytes,
    () => "half of the image",
  );
  client.type("\u0003");
  await client.child.exited;
  await Bun.sleep(200);
  for (const name of readdirSync(ingest)) {
    const fd = openSync(join(ingest, name), "r+");
    writeSync(fd, Buffer.from("damaged"), 0, 7, 5000);
    closeSync(fd);
  }
  wire.ratePerSecond = Number.POSITIVE_INFINITY;
  await engine.ok("pull", image);
  expect(readdirSync(ingest)).toEqual([]);
  expect(engine.log()).toContain("partial download was damaged");
});
