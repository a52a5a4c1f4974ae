// What a verb is given: the stores, the links to monitor, runtimes and network, and the queues that keep verbs apart.
// Nothing here knows HTTP; a program that wants containers inside itself opens an engine and calls the verbs.
import type { Host } from "../base/host.ts";
import type { Instance } from "../base/instance.ts";
import type { KeyedLock } from "../base/keyed-lock.ts";
import type { ContainerStore } from "../containers/container-store.ts";
import type { ContainerDefaults } from "../containers/defaults.ts";
import type { ContainerRecord } from "../containers/record.ts";
import type { ImageStore } from "../images/image-store.ts";
import type { Networks, NetworksOptions } from "../networks/networks.ts";
import type { ResolvConf } from "../resolver/resolv-conf.ts";
import type { CgroupWarmer } from "../runtime/cgroup-warm-up.ts";
import type { Driver } from "../runtime/driver.ts";
import type { FilterCache } from "../runtime/drivers/filter-cache.ts";
import type { SpecHost } from "../runtime/oci-spec/spec-input.ts";
import type { VolumeMounts } from "../volumes/volume-mounts.ts";
import type { VolumeStore } from "../volumes/volume-store.ts";
import type { Background } from "./background.ts";
import type { EventBus } from "./events.ts";
import type { ExecTable } from "./exec-table.ts";
import type { HealthChecks } from "./health-checks.ts";
import type { MonitorLink } from "./monitor-link.ts";
import type { RootfsHolds } from "./rootfs-holds.ts";
import type { Registries, RegistrySettings } from "./registries.ts";
import type { NameService } from "./name-service.ts";
import type { PublishedPorts } from "./published-ports.ts";
import type { Restarts } from "./restarts.ts";
import type { ExecsAhead } from "./execs-ahead.ts";
import type { Standby } from "./standby.ts";
import type { StatsFeed } from "./stats-feed.ts";
import type { TakeDowns } from "./take-downs.ts";
import type { Waiters } from "./waiters.ts";

export type EngineConfig = {
  /** Persistent state: containers, graph, content, volumes. */
  readonly root: string;
  /** Run-time state: sockets, FIFOs, bundles; empty after a boot. */
  readonly execRoot: string;
  readonly network: Omit<NetworksOptions, "instance" | "execRoot" | "clientOf">;
  /** What stands in resolv.conf for containers that ask for nothing else of that kind. */
  readonly dns: ResolvConf;
  /** Name of the driver used when a container asks for none; undefined: the best that works here. */
  readonly defaultRuntime: string | undefined;
  /** Further runtimes by name: paths of executables that take runc's command line. */
  readonly runtimes: Readonly<Record<string, string>>;
  readonly defaults: ContainerDefaults;
  readonly labels: readonly string[];
  readonly registries: RegistrySettings;
  readonly debug: boolean;
  /** How this program is called: executable and first arguments. */
  readonly program: readonly string[];
  /** Every container starts by our own /sbin/init, unless it says otherwise. */
  readonly sysinit: boolean;
  /** The init of `--init`; undefined: what is found on the machine, else our own. "sysinit": our own. */
  readonly initPath: string | undefined;
};

export type Engine = {
  readonly host: Host;
  readonly config: EngineConfig;
  readonly instance: Instance;
  readonly containers: ContainerStore;
  readonly images: ImageStore;
  readonly registries: Registries;
  readonly volumes: VolumeStore;
  readonly networks: Networks;
  readonly names: NameService;
  readonly published: PublishedPorts;
  /** What this machine is and permits. */
  readonly machine: SpecHost;
  readonly cgroupLock: CgroupWarmer;
  /** The host's tini, catatonit or docker-init, for `--init`; undefined: our own. */
  readonly initPath: string | undefined;
  /** Best first; never empty. */
  readonly drivers: readonly Driver[];
  readonly filters: FilterCache;
  readonly monitor: MonitorLink;
  readonly standby: Standby;
  readonly execsAhead: ExecsAhead;
  readonly events: EventBus;
  readonly waiters: Waiters;
  readonly execs: ExecTable;
  readonly restarts: Restarts;
  readonly stats: StatsFeed;
  readonly healthChecks: HealthChecks;
  readonly rootfsHolds: RootfsHolds;
  readonly takeDowns: TakeDowns;
  readonly volumeMounts: VolumeMounts;
  readonly background: Background;
  /** One change at a time per container, by id. */
  readonly locks: KeyedLock;
  /** One change at a time of what networks there are; asked for last, when a container's lock is held too. */
  readonly networkLocks: KeyedLock;
};

/** Publishes a container's event with the attributes that Docker sends along: labels, image and name. */
export function publishContainerEvent(
  engine: Engine,
  record: ContainerRecord,
  action: string,
  attributes: Readonly<Record<string, string>> = {},
): void {
  engine.events.publish("container", action, record.id, {
    ...record.config.Labels,
    ...attributes,
    image: record.config.Image,
    name: record.name,
  });
}

export function publishVolumeEvent(engine: Engine, action: "create" | "destroy", name: string): void {
  engine.events.publish("volume", action, name, { driver: "local" });
}

export function driverOf(engine: Engine, record: ContainerRecord): Driver {
  const driver = engine.drivers.find(({ name }) => name === record.driver) ?? engine.drivers[0];
  if (!driver) throw new Error("an engine with no driver was opened");
  return driver;
}
