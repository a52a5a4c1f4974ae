// What one engine pushes the other pulls: the same image id, the same files. Only where a real dockerd is installed.
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../harness/command.ts";
import { startDaemon } from "../harness/daemon.ts";
import { startDockerd } from "../harness/dockerd.ts";
import type { Engine } from "../harness/engine.ts";
import { loadTestImage, testImage } from "../harness/images.ts";
import { startRegistry } from "../harness/registry.ts";

const hasDockerd = (await run(["sh", "-c", "command -v dockerd"])).exitCode === 0;

/** Every file with its attributes, but those that engines mount. */
const list = (engine: Engine, image: string) =>
  engine.ok(
    "run",
    "--rm",
    "--network",
    "none",
    image,
    "sh",
    "-c",
    "find / -xdev ! -path '/etc/host*' ! -path /etc/resolv.conf ! -path /etc/mtab ! -path /.dockerenv ! -path '/proc*' ! -path '/sys*' ! -path '/dev*' ! -path / ! -path /etc -exec stat -c '%n %a %u:%g %s %Y %F %h' {} + | sort",
  );

describe.skipIf(!hasDockerd)("with a real dockerd", () => {
  const data = mkdtempSync(join(tmpdir(), "registry-shared-"));
  const stops: (() => unknown)[] = [() => rmSync(data, { recursive: true, force: true })];
  afterAll(async () => {
    for (const stop of stops.toReversed()) await stop();
  });

  async function startBoth() {
    const sampan = await startDaemon();
    stops.push(() => sampan.stop());
    const dockerd = await startDockerd();
    stops.push(() => dockerd.stop());
    const ours = await startRegistry({ data });
    stops.push(() => ours.stop());
    // dockerd has a network namespace of its own: a second registry there shows the same data.
    const theirs = await startRegistry({ data, enter: ["nsenter", `--net=/proc/${dockerd.pid}/ns/net`] });
    stops.push(() => theirs.stop());
    return { sampan, dockerd, ours, theirs };
  }

  test("both ways", async () => {
    const { sampan, dockerd, ours, theirs } = await startBoth();
    const id = ["inspect", "--format", "{{.Id}} {{json .RootFS.Layers}} {{json .Config.Cmd}}"];
    const pairs = [
      ["from-sampan", sampan, ours.host, dockerd, theirs.host],
      ["from-dockerd", dockerd, theirs.host, sampan, ours.host],
    ] as const;
    for (const [name, from, fromHost, to, toHost] of pairs) {
      await loadTestImage(from);
      await from.ok("tag", testImage, `${fromHost}/${name}:1`);
      await from.ok("push", `${fromHost}/${name}:1`);
      await to.ok("pull", `${toHost}/${name}:1`);
      expect(await to.ok(...id, `${toHost}/${name}:1`)).toBe(await from.ok(...id, testImage));
      expect(await list(to, `${toHost}/${name}:1`)).toBe(await list(from, testImage));
    }
  });
});
