// The distribution's dockerd with its containerd and runc, and the docker client on the PATH.
import { mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { output } from "../test/harness/command.ts";
import { clientsOf, removeAllContainers, untilReady } from "../test/harness/engine.ts";
import type { BenchEngine } from "./engine.ts";
import { makeWorld } from "./world.ts";

export async function startDockerd(parent: string): Promise<BenchEngine> {
  const folder = mkdtempSync(join(parent, "dockerd-"));
  const socket = join(folder, "docker.sock");
  const world = await makeWorld();
  const log = openSync(join(folder, "dockerd.log"), "a");
  const daemon = [
    "dockerd",
    "-H",
    `unix://${socket}`,
    "--data-root",
    join(folder, "root"),
    "--exec-root",
    join(folder, "run"),
    "--pidfile",
    join(folder, "pid"),
  ];
  let child: Bun.Subprocess | undefined;

  async function restart(): Promise<number> {
    child?.kill("SIGTERM");
    await child?.exited;
    const startedAt = performance.now();
    const started = Bun.spawn([...world.enter, ...daemon], {
      env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
      stdio: ["ignore", log, log],
    });
    child = started;
    await untilReady(socket, () => started.exitCode === null);
    return performance.now() - startedAt;
  }

  mkdirSync(join(folder, "config"));
  await restart();
  const env = {
    DOCKER_HOST: `unix://${socket}`,
    DOCKER_CONFIG: join(folder, "config"),
    DOCKER_CLI_HINTS: "false",
  };
  const versions = await output(
    ["docker", "version", "--format", "{{.Server.Version}}, client {{.Client.Version}}"],
    { env },
  );
  return {
    name: "dockerd",
    version: `dockerd ${versions}, ${(await output([...world.enter, "runc", "--version"])).split("\n")[0] ?? "runc"}`,
    client: (...args) => ["docker", ...args],
    env,
    socket,
    runFlags: [],
    hostConfig: {},
    remove: ["rm", "-f"],
    folder,
    insidePid: world.pid,
    restart,
    stop: async () => {
      await removeAllContainers(clientsOf(socket, folder));
      child?.kill("SIGTERM");
      await child?.exited;
      await world.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
