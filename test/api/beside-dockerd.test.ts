// A dockerd and we on one machine, in one network namespace: neither is in the other's way, whatever becomes of us.
import { afterAll, describe, expect, test } from "bun:test";
import { eventually, run } from "../harness/command.ts";
import { startDaemon } from "../harness/daemon.ts";
import { startDockerd } from "../harness/dockerd.ts";
import type { Engine } from "../harness/engine.ts";
import { loadTestImage, testImage } from "../harness/images.ts";

const hasDockerd = (await run(["sh", "-c", "command -v dockerd"])).exitCode === 0;

describe.skipIf(!hasDockerd)("beside a real dockerd", () => {
  const stops: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const stop of stops.toReversed()) await stop();
  });

  test("both publish ports, through restarts and deaths of ours, and nothing of ours is left", async () => {
    const dockerd = await startDockerd();
    stops.push(() => dockerd.stop());
    const sampan = await startDaemon({ under: ["nsenter", `--net=/proc/${dockerd.pid}/ns/net`] });
    let stopped = false;
    stops.push(async () => {
      if (!stopped) await sampan.stop();
    });
    await Promise.all([loadTestImage(dockerd), loadTestImage(sampan)]);
    const serve = (engine: Engine, port: number): Promise<string> =>
      engine.ok("run", "-d", "-p", `${port}:80`, testImage, "httpd", "-f", "-p", "80", "-h", "/etc");
    const ids = { theirs: await serve(dockerd, 8081), ours: await serve(sampan, 8082) };
    const names = { theirs: ids.theirs.slice(0, 12), ours: ids.ours.slice(0, 12) };
    const ask = async (port: number): Promise<string> =>
      (
        await dockerd.onHost("busybox", "wget", "-q", "-O", "-", `http://127.0.0.1:${port}/hostname`)
      ).stdout.trim();
    const answers = async (): Promise<{ theirs: string; ours: string }> => ({
      theirs: await ask(8081),
      ours: await ask(8082),
    });
    const bothAnswer = (): Promise<void> =>
      eventually(
        async () => Bun.deepEquals(await answers(), names),
        () => "both to answer",
      );
    const rules = async (): Promise<string> => (await dockerd.onHost("iptables-save")).stdout;
    // From a container of the one to the other's port, by the host's address on its bridge.
    const across = (engine: Engine, gateway: string, port: number): Promise<string> =>
      engine.ok("run", "--rm", testImage, "wget", "-q", "-O", "-", `http://${gateway}:${port}/hostname`);
    const gatewayOf = (engine: Engine, id: string): Promise<string> =>
      engine.ok("inspect", "-f", '{{(index .NetworkSettings.Networks "bridge").Gateway}}', id);

    await bothAnswer();
    expect(await across(sampan, await gatewayOf(sampan, ids.ours), 8081)).toBe(names.theirs);
    expect(await across(dockerd, await gatewayOf(dockerd, ids.theirs), 8082)).toBe(names.ours);
    const docker = (await rules()).split("\n").filter((line) => line.includes("DOCKER"));

    await sampan.kill9();
    await bothAnswer();
    await sampan.start();
    await bothAnswer();
    // Whatever Docker does to its own rules, ours stay.
    await dockerd.ok("restart", "-t", "0", ids.theirs);
    await bothAnswer();

    stopped = true;
    await sampan.stop();
    expect(await ask(8081)).toBe(names.theirs);
    expect(await rules()).not.toContain("SAMPAN");
    expect((await rules()).split("\n").filter((line) => line.includes("DOCKER"))).toEqual(docker);
    expect((await dockerd.onHost("ip", "-br", "link")).stdout).not.toMatch(/^s[pn]/m);
  });
});
