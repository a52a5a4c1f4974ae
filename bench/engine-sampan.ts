// Sampan's compiled daemon and its own client.
import { mkdtempSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { output } from "../test/harness/command.ts";
import { clientsOf, removeAllContainers, untilReady } from "../test/harness/engine.ts";
import { sampanExecutable } from "../test/harness/executable.ts";
import { endMonitor } from "../test/harness/sweep.ts";
import type { BenchEngine } from "./engine.ts";
import { makeWorld } from "./world.ts";

export async function startSampan(parent: string): Promise<BenchEngine> {
  const executable = sampanExecutable();
  const folder = mkdtempSync(join(parent, "sampan-"));
  const [socket, execRoot] = [join(folder, "sampan.sock"), join(folder, "run")];
  const world = await makeWorld();
  const log = openSync(join(folder, "daemon.log"), "a");
  const daemon = [
    executable,
    "daemon",
    "-H",
    `unix://${socket}`,
    "--data-root",
    join(folder, "root"),
    "--exec-root",
    execRoot,
    "-p",
    join(folder, "pid"),
    "--rcli=off",
  ];
  let child: Bun.Subprocess | undefined;

  async function restart(): Promise<number> {
    child?.kill("SIGTERM");
    await child?.exited;
    const startedAt = performance.now();
    const started = Bun.spawn([...world.enter, ...daemon], { stdio: ["ignore", log, log] });
    child = started;
    await untilReady(socket, () => started.exitCode === null);
    return performance.now() - startedAt;
  }

  await restart();
  const env = { SAMPAN_HOST: `unix://${socket}` };
  const runtime = await output([executable, "info", "--format", "{{.DefaultRuntime}}"], { env });
  const runtimeVersion = (await output([...world.enter, runtime, "--version"])).split("\n")[0] ?? runtime;
  return {
    name: "sampan",
    version: `${await output([executable, "--version"])}, ${runtimeVersion}`,
    client: (...args) => [executable, ...args],
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
      await endMonitor(execRoot);
      await world.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
