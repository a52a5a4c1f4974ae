// Opens an engine: the stores, the network, the runtimes, the monitor, and last the restore. In the order of the first
// Docker: containers/, graph/, repositories, network, auth, restore. Closing leaves every container as it is.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { errorText } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { instanceOf } from "../base/instance.ts";
import { KeyedLock } from "../base/keyed-lock.ts";
import type { Log } from "../base/log.ts";
import { ContainerStore } from "../containers/container-store.ts";
import { isUp } from "../containers/state.ts";
import { openImageStore } from "../images/image-store.ts";
import { ConnectShortcut } from "../networks/connect-shortcut.ts";
import { openNetworks } from "../networks/networks.ts";
import { NetworkStore } from "../networks/network-record.ts";
import { dockercfgName, readDockercfg } from "../registry/dockercfg.ts";
import { cgroupWarmer } from "../runtime/cgroup-warm-up.ts";
import { removeCgroup } from "../runtime/cgroup-processes.ts";
import { cgroupFacts } from "../runtime/cgroup.ts";
import { FilterCache } from "../runtime/drivers/filter-cache.ts";
import { findDrivers } from "../runtime/drivers/find-drivers.ts";
import type { SpecHost } from "../runtime/oci-spec/spec-input.ts";
import { hardLimits } from "../runtime/hard-limits.ts";
import { capabilityBoundingSet } from "../sys/process.ts";
import { VolumeMounts } from "../volumes/volume-mounts.ts";
import { VolumeStore } from "../volumes/volume-store.ts";
import { Background } from "./background.ts";
import type { Engine, EngineConfig } from "./engine.ts";
import { EventBus } from "./events.ts";
import { ExecTable } from "./exec-table.ts";
import { execExited } from "./exec.ts";
import { containerExited } from "./exit-path.ts";
import { HealthChecks } from "./health-checks.ts";
import { MonitorLink } from "./monitor-link.ts";
import { NameService } from "./name-service.ts";
import { PublishedPorts } from "./published-ports.ts";
import { Registries } from "./registries.ts";
import { endTheLost, handOver, restore } from "./restore.ts";
import { Restarts } from "./restarts.ts";
import { ExecsAhead } from "./execs-ahead.ts";
import { Standby } from "./standby.ts";
import { StatsFeed } from "./stats-feed.ts";
import { TakeDowns } from "./take-downs.ts";
import { RootfsHolds } from "./rootfs-holds.ts";
import { tasksFolder } from "./task-paths.ts";
import { Waiters } from "./waiters.ts";

/**
 * INVARIANT: at most one engine per root; the caller holds the lock that makes it so. Where it cannot be opened, nothing is
 * held of it: a monitor that was started for it has gone, unless it watches over something.
 */
export async function openEngine(host: Host, config: EngineConfig): Promise<Engine> {
  const { root, execRoot } = config;
  const instance = instanceOf(execRoot);
  mkdirSync(root, { recursive: true, mode: 0o711 });
  mkdirSync(tasksFolder(execRoot), { recursive: true, mode: 0o711 });
  const machine = machineFacts();
  const background = new Background(host.log);

  // The monitor takes the longest to answer: it starts while the stores open.
  const exits: Parameters<typeof dispatchExit>[1][] = [];
  let deliver = (exit: (typeof exits)[number]): void => void exits.push(exit);
  const opening = MonitorLink.open(host, {
    execRoot,
    command: [...config.program, "monitor"],
    onExit: (exit) => deliver(exit),
    handOver: (client) => handOver(engine, client),
    onReplaced: async () => {
      engine.standby.lost();
      await engine.execsAhead.lost();
      await endTheLost(engine);
    },
  });
  await using undo = new AsyncDisposableStack();
  undo.defer(() =>
    opening.then(
      (monitor) => monitor.close(true),
      () => {}, // told below, unless another part failed before
    ),
  );

  host.log.debug("opening containers", { folder: join(root, "containers") });
  const containers = ContainerStore.open(root, host);
  host.log.debug("opening graph", { folder: join(root, "graph") });
  const images = openImageStore(host, root);
  const volumes = new VolumeStore(host, root);
  host.log.debug("opening network manager", { bridge: config.network.bridge ?? instance.bridge });
  const store = new NetworkStore(host, root);
  const names = new NameService(containers, store, config);
  const networks = openNetworks(host, store, {
    ...config.network,
    instance,
    execRoot,
    clientOf: (network, address) => names.clientOf(network, address),
    clientIn: (containerId) => names.clientIn(containerId),
  });
  undo.defer(() => networks.close());
  checkAuth(host.log, root);
  const drivers = findDrivers(host.log, config);
  const monitor = await opening;
  const locks = new KeyedLock();

  const engine: Engine = {
    host,
    config,
    instance,
    containers,
    images,
    registries: new Registries(config.registries, images, root),
    volumes,
    networks,
    names,
    published: new PublishedPorts(host, networks, monitor, new ConnectShortcut({ log: host.log, instance })),
    machine,
    cgroupLock: cgroupWarmer(machine.cgroup),
    initPath: config.initPath === "sysinit" ? undefined : (config.initPath ?? findInit()),
    drivers,
    filters: new FilterCache(),
    monitor,
    execsAhead: new ExecsAhead(host, monitor),
    standby: new Standby({ host, execRoot, monitor, locks, driver: drivers[0] }),
    events: new EventBus(host.clock),
    waiters: new Waiters(),
    execs: new ExecTable(),
    restarts: new Restarts(),
    stats: new StatsFeed(),
    healthChecks: new HealthChecks(),
    rootfsHolds: new RootfsHolds(),
    takeDowns: new TakeDowns(),
    volumeMounts: new VolumeMounts(volumes),
    background,
    locks,
    networkLocks: new KeyedLock(),
  };
  undo.move(); // closeEngine's part from here on
  deliver = (exit) => dispatchExit(engine, exit);
  exits.forEach(deliver);
  host.log.debug("restoring containers", { count: containers.all().length });
  try {
    await restore(engine);
  } catch (err) {
    await closeEngine(engine);
    throw err;
  }
  engine.standby.renew();
  return engine;
}

/** Stops to restart containers and waits for work under way. With nothing running, what lies outside the root goes too. */
export async function closeEngine(engine: Engine): Promise<void> {
  engine.restarts.suspend();
  engine.healthChecks.unwatchAll();
  await engine.background.idle();
  await engine.standby.close();
  await engine.execsAhead.close();
  engine.published.close();
  const idle = engine.containers.all().every(({ state }) => !isUp(state));
  await engine.monitor.close(idle);
  if (idle) {
    await engine.networks.removeAll();
    removeCgroup(engine.machine.cgroup, engine.instance.cgroupParent);
  }
  engine.networks.close();
}

function dispatchExit(
  engine: Engine,
  exit: { readonly id: string } & Parameters<typeof containerExited>[2],
): void {
  const work = engine.containers.get(exit.id) ? containerExited : execExited;
  engine.background.run(`exit of ${exit.id}`, () => work(engine, exit.id, exit));
}

/** The credentials for commands that run in the daemon are read with each of these; that they can be is told at once. */
function checkAuth(log: Log, root: string): void {
  const file = join(root, dockercfgName);
  try {
    log.debug("reading auth", { file, registries: readDockercfg(file).map(({ server }) => server) });
  } catch (err) {
    log.warn("auth cannot be read", { error: errorText(err) });
  }
}

function machineFacts(): SpecHost {
  return {
    cgroup: cgroupFacts(),
    capabilities: capabilityBoundingSet(),
    seccomp: existsSync("/proc/sys/kernel/seccomp/actions_avail"),
    appArmor: existsSync("/sys/kernel/security/apparmor"),
    architecture: process.arch,
    recursiveReadOnly: true,
    hardLimits: hardLimits(),
  };
}

/** Static ones first: Debian's tini needs a C library, which a container's image may not have. */
const initNames = ["docker-init", "tini-static", "catatonit", "tini"];
const programFolders = [
  "/usr/local/bin",
  "/usr/bin",
  "/usr/libexec/docker",
  "/usr/libexec/podman",
  "/usr/libexec/catatonit",
];

function findInit(): string | undefined {
  return initNames
    .flatMap((name) => programFolders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
}
