// The distribution's podman with conmon and crun; `podman system service` for the API.
import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output, run } from "../test/harness/command.ts";
import { untilReady } from "../test/harness/engine.ts";
import type { BenchEngine } from "./engine.ts";
import { makeWorld } from "./world.ts";

// As root podman raises the limits of files and processes, which a machine without CAP_SYS_RESOURCE refuses.
const limits = { nofile: 1024, nproc: 1024 };

export async function startPodman(parent: string): Promise<BenchEngine> {
  const folder = mkdtempSync(join(parent, "podman-"));
  const socket = join(folder, "podman.sock");
  const [containersConf, storageConf] = [join(folder, "containers.conf"), join(folder, "storage.conf")];
  mkdirSync(join(folder, "networks"));
  writeFileSync(
    containersConf,
    `[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
tmp_dir = "${folder}/tmp"
[containers]
log_driver = "k8s-file"
[network]
network_backend = "netavark"
network_config_dir = "${folder}/networks"
`,
  );
  writeFileSync(
    storageConf,
    `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/root"\nrunroot = "${folder}/run"\n`,
  );
  const world = await makeWorld();
  const log = openSync(join(folder, "service.log"), "a");
  const env = { CONTAINERS_CONF: containersConf, CONTAINERS_STORAGE_CONF: storageConf };
  const client = (...args: readonly string[]): string[] => [...world.enter, "podman", ...args];
  let service: Bun.Subprocess | undefined;

  async function restart(): Promise<number> {
    service?.kill("SIGTERM");
    await service?.exited;
    rmSync(socket, { force: true });
    const startedAt = performance.now();
    const started = Bun.spawn(client("system", "service", "--time=0", `unix://${socket}`), {
      env: { ...process.env, ...env },
      stdio: ["ignore", log, log],
    });
    service = started;
    await untilReady(socket, () => started.exitCode === null);
    return performance.now() - startedAt;
  }

  await restart();
  const inside = (...words: readonly string[]): Promise<string> => output([...world.enter, ...words]);
  const [podman, crun] = [await inside("podman", "--version"), await inside("crun", "--version")];
  return {
    name: "podman",
    version: `${podman}, ${crun.split("\n")[0] ?? "crun"}`,
    client,
    env,
    socket,
    runFlags: Object.entries(limits).flatMap(([name, most]) => ["--ulimit", `${name}=${most}:${most}`]),
    hostConfig: { Ulimits: Object.entries(limits).map(([Name, most]) => ({ Name, Soft: most, Hard: most })) },
    remove: ["rm", "-f", "--time", "0"],
    folder,
    insidePid: world.pid,
    restart,
    stop: async () => {
      await run(client("rm", "--all", "--force", "--time", "0"), { env });
      service?.kill("SIGTERM");
      await service?.exited;
      await world.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
