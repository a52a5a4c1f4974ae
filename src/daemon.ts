// The daemon: configuration, one lock, the engine, the listeners; signals end it and leave every container running.
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createApi } from "./api/api.ts";
import { localCalls } from "./api/local-calls.ts";
import type { Api } from "./api/serve.ts";
import { HandedFiles } from "./api/handed-files.ts";
import { groupId, listen, parseListenAddress, refuseOpenTcp } from "./api/server.ts";
import type { Listener, ListenOptions } from "./api/server.ts";
import { buildInfo } from "./base/build-info.ts";
import { ConflictError, InvalidParameterError, errorText } from "./base/errors.ts";
import { realHost } from "./base/host.ts";
import { standardErrorLog } from "./base/structured-log.ts";
import { daemonCommand } from "./daemon-config.ts";
import { daemonUsage } from "./daemon-usage.ts";
import type { DaemonConfig } from "./daemon-config.ts";
import { pidIn, writePidFile } from "./pid-file.ts";
import type { Engine, EngineConfig } from "./engine/engine.ts";
import { closeEngine, openEngine } from "./engine/open-engine.ts";
import { stopAll } from "./engine/stop-all.ts";
import { listenForCommands } from "./rcli/listener.ts";
import type { RcliListener } from "./rcli/listener.ts";
import { joinOwnCgroups } from "./runtime/cgroup-processes.ts";
import { monitorFiles } from "./runtime/monitor-protocol.ts";
import { machineGoesDown, serviceManager } from "./service-manager.ts";
import { takeProxySettings } from "./registry/proxy.ts";
import { tryLock } from "./sys/file.ts";
import { keepMemorySmall } from "./sys/own-memory.ts";
import { setProcessName } from "./sys/process.ts";

/** Ends when told to by SIGTERM or SIGINT; the exit code of the process. */
export async function runDaemon(args: readonly string[]): Promise<number> {
  try {
    const command = daemonCommand(args, takeProxySettings(process.env));
    if (command.action === "help") return say(1, daemonUsage, 0);
    if (command.action === "validate") return say(1, "configuration OK\n", 0);
    const problem = unsupported(process);
    if (problem !== undefined) throw new InvalidParameterError(problem);
    await serve(command.config);
    return 0;
  } catch (err) {
    return say(2, `sampan daemon: ${errorText(err)}\n`, 1);
  }
}

/** Why no daemon can run on this machine, or as this user. */
export function unsupported({
  platform,
  arch,
  getuid,
}: Pick<NodeJS.Process, "platform" | "arch" | "getuid">): string | undefined {
  if (platform !== "linux") return `the daemon runs on Linux only, not on ${platform}`;
  if (arch !== "x64" && arch !== "arm64")
    return `the architecture ${arch} is not supported: amd64 and arm64 are`;
  return getuid?.() === 0 ? undefined : "the daemon must be started as root";
}

async function serve(config: DaemonConfig): Promise<void> {
  setProcessName("sampan");
  const manager = serviceManager(process.env);
  const log = standardErrorLog("sampan", config.debug ? "debug" : "info");
  const host = realHost(log);
  const began = host.clock.monotonicMs();
  for (const note of config.notes) log.warn(note);
  const options = listenOptions(config);
  const addresses = config.hosts.map((text) => parseListenAddress(text, config.tls !== undefined));
  // Before anything is made on this machine.
  for (const address of addresses) refuseOpenTcp(address, options);
  mkdirSync(config.root, { recursive: true, mode: 0o711 });
  mkdirSync(config.execRoot, { recursive: true, mode: 0o711 });
  using _locks = await lockFolders(config);
  using _pidFile = writePidFile(config.pidFile, host.clock.now());
  const engine = await openEngine(host, engineConfig(config));
  const listeners: Listener[] = [];
  let commands: RcliListener | undefined;
  let files: HandedFiles | undefined;
  try {
    const active = keepMemorySmall({
      nowMs: () => host.clock.monotonicMs(),
      later: (ms, run) => setTimeout(run, ms).unref(),
    });
    files = new HandedFiles(host, join(config.execRoot, "files.sock"), config.socketGroup);
    const api = noticed(createApi(engine, files), active);
    for (const address of addresses) {
      log.debug("opening listener", address);
      listeners.push(await listen(api, address, options));
    }
    commands = listenForCommandsOf2013(engine, config, active);
    log.info("daemon ready", {
      version: buildInfo.version,
      hosts: config.hosts.join(","),
      runtime: engine.drivers[0]?.name,
      containers: engine.containers.all().length,
      tookMs: Math.round(host.clock.monotonicMs() - began),
    });
    if (manager.isThere) takeMonitorIntoService(engine);
    manager.ready();
    const signal = await toldToStop();
    if (await machineGoesDown()) {
      log.info("machine goes down, stopping containers", { signal });
      await stopAll(engine);
    } else log.info("daemon stopping, containers go on", { signal });
  } finally {
    commands?.close();
    for (const listener of listeners) listener.closeAll();
    files?.close();
    await closeEngine(engine);
  }
}

/** Several daemons may run side by side, and one of them has the usual port. */
function listenForCommandsOf2013(
  engine: Engine,
  { rcli, root, hosts, socketGroup }: DaemonConfig,
  active: () => void,
): RcliListener | undefined {
  if (rcli === undefined) return undefined;
  const { log } = engine.host;
  const { host, port, isAskedFor } = rcli;
  log.debug("opening listener", { kind: "rcli", host, port });
  try {
    return listenForCommands(rcli, {
      log,
      root,
      active,
      calls: localCalls(engine),
      apiAddress: hosts[0] ?? "",
      groupID: groupId(socketGroup),
    });
  } catch (err) {
    if (isAskedFor) throw err;
    log.warn("no command protocol, its port is not to be had", { host, port, error: errorText(err) });
    return undefined;
  }
}

/** Calls `active` when a request comes, and when the answer has gone. */
function noticed(api: Api, active: () => void): Api {
  return {
    request: (incoming, response) => {
      active();
      response.on("close", active);
      api.request(incoming, response);
    },
    upgrade: (incoming, socket, head) => {
      active();
      socket.on("close", active);
      api.upgrade(incoming, socket, head);
    },
  };
}

/** The monitor may be a child of a daemon outside of this service: it would end with that one's session or service. */
function takeMonitorIntoService({ host, config, machine }: Engine): void {
  try {
    const pid = Number(readFileSync(monitorFiles(config.execRoot).pidFile, "utf8"));
    joinOwnCgroups(machine.cgroup, pid);
  } catch (err) {
    host.log.warn("monitor stays outside of the service", { error: errorText(err) });
  }
}

function listenOptions({ socketGroup, unauthenticatedTcp, tls }: DaemonConfig): ListenOptions {
  return {
    group: socketGroup,
    allowRootForWholeNetwork: unauthenticatedTcp,
    ...(tls === undefined ? {} : { tls: { authority: tls.ca, certificate: tls.cert, key: tls.key } }),
  };
}

function engineConfig(config: DaemonConfig): EngineConfig {
  // Compiled, argv[1] is a path inside the executable; from the sources it is src/main.ts.
  const main = process.argv[1] ?? "";
  const program = main.startsWith("/$bunfs/") ? [process.execPath] : [process.execPath, main];
  return { ...config, program };
}

/** A daemon that was killed is not gone at once: its clients see it go some moments before. */
const lockPatienceMs = 1000;
const lockPollMs = 10;

/**
 * Root and run directory belong to one daemon at a time. The kernel lets go of the locks when the process ends, however
 * it ends, so that a stale pid file never keeps a daemon from starting.
 */
async function lockFolders(config: DaemonConfig): Promise<Disposable> {
  const giveUpMs = performance.now() + lockPatienceMs;
  const fds: number[] = [];
  for (const folder of [config.root, config.execRoot]) {
    const fd = openSync(join(folder, "daemon.lock"), "a", 0o600);
    fds.push(fd);
    while (!tryLock(fd)) {
      if (performance.now() > giveUpMs)
        throw new ConflictError(`another daemon uses ${folder} (pid ${pidIn(config.pidFile) ?? "unknown"})`);
      await Bun.sleep(lockPollMs);
    }
  }
  return { [Symbol.dispose]: () => fds.forEach(closeSync) };
}

function toldToStop(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
  });
}

function say(fd: 1 | 2, text: string, exitCode: number): number {
  writeFileSync(fd, text);
  return exitCode;
}
