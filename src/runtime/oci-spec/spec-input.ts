// All that a runtime specification is made from. Nothing is looked up while it is made: who calls has resolved the user,
// the devices and the namespaces before.
import type { ContainerConfig, HostConfig, MountPoint } from "../../spec/docker.ts";
import type { CgroupFacts } from "../cgroup.ts";
import type { Sysinit } from "./sysinit.ts";

export type SpecInput = {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** Binds and volumes with their Source on this machine; tmpfs mounts have none. */
  readonly mounts: readonly MountPoint[];
  /** Sources among them that are no folders. */
  readonly fileSources?: ReadonlySet<string>;
  /** Absolute path of the mounted root file system. */
  readonly rootfs: string;
  /** Files on the host that are bound into /etc, unless a mount of the user has that place. */
  readonly files: BoundFiles;
  readonly user: SpecUser;
  readonly namespaces: SharedNamespaces;
  /** What the program sees as its host name; undefined: `config.Hostname` (another container's network brings its name along). */
  readonly hostname?: string;
  /** A folder on the host for /dev/shm instead of a tmpfs of its own: the shm of a shareable container, for itself and for those that join it. */
  readonly shmSource?: string;
  /** The host's own init (tini, catatonit, docker-init), bound into the container when `hostConfig.Init` is true. */
  readonly initPath?: string;
  /** Start the program by our own /sbin/init. */
  readonly sysinit?: Sysinit;
  readonly devices: ResolvedDevices;
  /** Absolute inside each hierarchy: see `cgroupsPathOf`. */
  readonly cgroupsPath: string;
  readonly host: SpecHost;
};

export type BoundFiles = {
  readonly hostname?: string;
  readonly hosts?: string;
  readonly resolvConf?: string;
};

/** A user of the container, by numbers; `home` becomes HOME unless the container's environment has one. */
export type SpecUser = {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly home: string;
};

export type SharedNamespaces = {
  /** private: made for this container (sysctls may be set in it); shared: another container's. */
  readonly network:
    | { readonly kind: "private"; readonly path: string }
    | { readonly kind: "shared"; readonly path: string }
    | { readonly kind: "host" };
  /** Path of another container's namespace (`/proc/<pid>/ns/pid`), for `container:` modes only. */
  readonly pid?: string;
  readonly ipc?: string;
};

export type DeviceNumber = { readonly major: number; readonly minor: number };

/** A device node as it will be in the container. */
export type ResolvedDevice = DeviceNumber & {
  readonly path: string;
  readonly type: "c" | "b";
  /** Permission bits and owner of the node on the host. */
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
  /** What the device cgroup lets through: letters of `rwm`. */
  readonly access: string;
};

export type ResolvedDevices = {
  readonly nodes: readonly ResolvedDevice[];
  /** Numbers of the block devices that throttling and weights name, by path on the host. */
  readonly blockDevices: ReadonlyMap<string, DeviceNumber>;
};

/** What this machine is and permits; the same for all containers of one daemon. */
export type SpecHost = {
  readonly cgroup: CgroupFacts;
  /** Capabilities that the daemon holds, a bit each (`CapBnd` of /proc/self/status). */
  readonly capabilities: bigint;
  /** The kernel filters system calls. */
  readonly seccomp: boolean;
  readonly appArmor: boolean;
  /** The daemon's own hard limits by ulimit name; more it can give only with CAP_SYS_RESOURCE. */
  readonly hardLimits: Readonly<Record<string, number>>;
  /** As `process.arch` says. */
  readonly architecture: string;
  /** `mount_setattr(2)`, Linux 5.12: read-only for a mount and all below it. */
  readonly recursiveReadOnly: boolean;
};
