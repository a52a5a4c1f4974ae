// Bodies of the Docker Engine API, spelled as on the wire. Docker's own field names stand in
// these docker*.ts only: this one is about containers, and what all share.
// Optional here means: may be left out of a request. Answers are written with every field (api/ trims by version).

export type HealthConfig = {
  readonly Test?: readonly string[];
  /** Durations are nanoseconds. */
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
};

/** One run of a health check, as inspect shows it. */
export type HealthcheckResult = {
  readonly Start: string;
  readonly End: string;
  /** 0 healthy; -1: the check could not be run, or took too long. */
  readonly ExitCode: number;
  readonly Output: string;
};

export type Health = {
  readonly Status: "starting" | "healthy" | "unhealthy";
  readonly FailingStreak: number;
  /** The last five, oldest first. */
  readonly Log: readonly HealthcheckResult[];
};

/** Go's `map[string]struct{}`. */
export type StringSet = Readonly<Record<string, Record<string, never>>>;

/** What a container runs, independent of the host. Also the `Config` of an image. */
export type ContainerConfig = {
  readonly Hostname: string;
  readonly Domainname: string;
  readonly User: string;
  readonly AttachStdin: boolean;
  readonly AttachStdout: boolean;
  readonly AttachStderr: boolean;
  readonly ExposedPorts?: StringSet | null;
  readonly Tty: boolean;
  readonly OpenStdin: boolean;
  readonly StdinOnce: boolean;
  readonly Env: readonly string[];
  readonly Cmd: readonly string[] | null;
  readonly Healthcheck?: HealthConfig;
  readonly ArgsEscaped?: boolean;
  readonly Image: string;
  readonly Volumes: StringSet | null;
  readonly WorkingDir: string;
  readonly Entrypoint: readonly string[] | null;
  readonly NetworkDisabled?: boolean;
  readonly OnBuild: readonly string[] | null;
  readonly Labels: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  /** Seconds. */
  readonly StopTimeout?: number;
  readonly Shell?: readonly string[];
};

export type PortBinding = { readonly HostIp: string; readonly HostPort: string };
export type PortMap = Readonly<Record<string, readonly PortBinding[] | null>>;

export type RestartPolicy = {
  readonly Name: "" | "no" | "always" | "on-failure" | "unless-stopped";
  readonly MaximumRetryCount: number;
};

export type LogConfig = { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
export type Ulimit = { readonly Name: string; readonly Hard: number; readonly Soft: number };
export type DeviceMapping = {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  readonly CgroupPermissions: string;
};
export type DeviceRequest = {
  readonly Driver: string;
  readonly Count: number;
  readonly DeviceIDs: readonly string[] | null;
  readonly Capabilities: readonly (readonly string[])[] | null;
  readonly Options: Readonly<Record<string, string>> | null;
};
export type WeightDevice = { readonly Path: string; readonly Weight: number };
export type ThrottleDevice = { readonly Path: string; readonly Rate: number };

export type MountPropagation = "" | "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave";

/** One `--mount`. */
export type MountRequest = {
  readonly Type: "bind" | "volume" | "tmpfs" | "image" | "npipe" | "cluster";
  readonly Source: string;
  readonly Target: string;
  readonly ReadOnly: boolean;
  readonly Consistency?: string;
  readonly BindOptions?: {
    readonly Propagation?: MountPropagation;
    readonly NonRecursive?: boolean;
    readonly CreateMountpoint?: boolean;
    readonly ReadOnlyNonRecursive?: boolean;
    readonly ReadOnlyForceRecursive?: boolean;
  };
  readonly VolumeOptions?: {
    readonly NoCopy?: boolean;
    readonly Labels?: Readonly<Record<string, string>>;
    readonly DriverConfig?: { readonly Name?: string; readonly Options?: Readonly<Record<string, string>> };
    readonly Subpath?: string;
  };
  readonly TmpfsOptions?: {
    readonly SizeBytes?: number;
    readonly Mode?: number;
    readonly Options?: readonly (readonly string[])[];
  };
};

/** Limits that can be changed while a container runs (`POST /containers/{id}/update`). Sizes are bytes. */
export type Resources = {
  readonly CpuShares: number;
  readonly Memory: number;
  readonly NanoCpus: number;
  readonly CgroupParent: string;
  readonly BlkioWeight: number;
  readonly BlkioWeightDevice: readonly WeightDevice[];
  readonly BlkioDeviceReadBps: readonly ThrottleDevice[];
  readonly BlkioDeviceWriteBps: readonly ThrottleDevice[];
  readonly BlkioDeviceReadIOps: readonly ThrottleDevice[];
  readonly BlkioDeviceWriteIOps: readonly ThrottleDevice[];
  readonly CpuPeriod: number;
  readonly CpuQuota: number;
  readonly CpuRealtimePeriod: number;
  readonly CpuRealtimeRuntime: number;
  readonly CpusetCpus: string;
  readonly CpusetMems: string;
  readonly Devices: readonly DeviceMapping[];
  readonly DeviceCgroupRules: readonly string[] | null;
  readonly DeviceRequests: readonly DeviceRequest[] | null;
  readonly MemoryReservation: number;
  /** Memory plus swap; -1: no limit. */
  readonly MemorySwap: number;
  readonly MemorySwappiness: number | null;
  readonly OomKillDisable: boolean | null;
  /** null or <= 0: no limit. */
  readonly PidsLimit: number | null;
  readonly Ulimits: readonly Ulimit[] | null;
};

/** How a container sits on its host. */
export type HostConfig = Resources & {
  readonly Binds: readonly string[] | null;
  readonly ContainerIDFile: string;
  readonly LogConfig: LogConfig;
  /** "default" | "bridge" | "none" | "host" | "container:<id>" | a network's name. */
  readonly NetworkMode: string;
  readonly PortBindings: PortMap | null;
  readonly RestartPolicy: RestartPolicy;
  readonly AutoRemove: boolean;
  readonly VolumeDriver: string;
  readonly VolumesFrom: readonly string[] | null;
  /** Rows, columns of the client's terminal at create. */
  readonly ConsoleSize: readonly [number, number];
  readonly Annotations?: Readonly<Record<string, string>>;
  readonly CapAdd: readonly string[] | null;
  readonly CapDrop: readonly string[] | null;
  readonly CgroupnsMode: "" | "private" | "host";
  readonly Dns: readonly string[];
  readonly DnsOptions: readonly string[];
  readonly DnsSearch: readonly string[];
  readonly ExtraHosts: readonly string[] | null;
  readonly GroupAdd: readonly string[] | null;
  readonly IpcMode: string;
  readonly Cgroup: string;
  readonly Links: readonly string[] | null;
  readonly OomScoreAdj: number;
  readonly PidMode: string;
  readonly Privileged: boolean;
  readonly PublishAllPorts: boolean;
  readonly ReadonlyRootfs: boolean;
  readonly SecurityOpt: readonly string[] | null;
  readonly StorageOpt?: Readonly<Record<string, string>>;
  readonly Tmpfs?: Readonly<Record<string, string>>;
  readonly UTSMode: string;
  readonly UsernsMode: string;
  readonly ShmSize: number;
  readonly Sysctls?: Readonly<Record<string, string>>;
  readonly Runtime: string;
  readonly Isolation: string;
  readonly Mounts?: readonly MountRequest[];
  readonly MaskedPaths: readonly string[] | null;
  readonly ReadonlyPaths: readonly string[] | null;
  readonly Init?: boolean;
};

export type EndpointIPAMConfig = {
  readonly IPv4Address?: string;
  readonly IPv6Address?: string;
  readonly LinkLocalIPs?: readonly string[];
};

export type EndpointSettings = {
  readonly IPAMConfig: EndpointIPAMConfig | null;
  readonly Links: readonly string[] | null;
  readonly Aliases: readonly string[] | null;
  readonly MacAddress: string;
  readonly DriverOpts: Readonly<Record<string, string>> | null;
  readonly GwPriority: number;
  readonly NetworkID: string;
  readonly EndpointID: string;
  readonly Gateway: string;
  readonly IPAddress: string;
  readonly IPPrefixLen: number;
  readonly IPv6Gateway: string;
  readonly GlobalIPv6Address: string;
  readonly GlobalIPv6PrefixLen: number;
  readonly DNSNames: readonly string[] | null;
};

/** An endpoint that asks for nothing and has nothing yet. */
export const noEndpoint: EndpointSettings = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: "",
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: "",
  EndpointID: "",
  Gateway: "",
  IPAddress: "",
  IPPrefixLen: 0,
  IPv6Gateway: "",
  GlobalIPv6Address: "",
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
};

export type NetworkingConfig = {
  readonly EndpointsConfig?: Readonly<Record<string, Partial<EndpointSettings>>>;
};

/** `POST /containers/create`: a ContainerConfig with two more keys, any of them left out. */
export type CreateContainerBody = Partial<ContainerConfig> & {
  /** Container-wide, of API versions before 1.44; later it belongs to an endpoint. */
  readonly MacAddress?: string;
  readonly HostConfig?: Partial<HostConfig> & {
    /** Of API version 1.40 alone. */
    readonly Capabilities?: readonly string[];
  };
  readonly NetworkingConfig?: NetworkingConfig;
};

export type CreateContainerAnswer = { readonly Id: string; readonly Warnings: readonly string[] };

export type ContainerStateName =
  | "created"
  | "running"
  | "paused"
  | "restarting"
  | "removing"
  | "exited"
  | "dead";

export type ContainerStateBody = {
  readonly Status: ContainerStateName;
  readonly Running: boolean;
  readonly Paused: boolean;
  readonly Restarting: boolean;
  readonly OOMKilled: boolean;
  readonly Dead: boolean;
  readonly Pid: number;
  readonly ExitCode: number;
  readonly Error: string;
  readonly StartedAt: string;
  readonly FinishedAt: string;
  /** Of a container with a health check that has run. */
  readonly Health?: Health;
};

export type MountPoint = {
  readonly Type: "bind" | "volume" | "tmpfs" | "image";
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly Driver?: string;
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: MountPropagation;
};

export type NetworkSettings = {
  readonly Bridge: string;
  readonly SandboxID: string;
  readonly SandboxKey: string;
  readonly Ports: PortMap;
  readonly HairpinMode: boolean;
  readonly LinkLocalIPv6Address: string;
  readonly LinkLocalIPv6PrefixLen: number;
  readonly SecondaryIPAddresses: null;
  readonly SecondaryIPv6Addresses: null;
  readonly EndpointID: string;
  readonly Gateway: string;
  readonly GlobalIPv6Address: string;
  readonly GlobalIPv6PrefixLen: number;
  readonly IPAddress: string;
  readonly IPPrefixLen: number;
  readonly IPv6Gateway: string;
  readonly MacAddress: string;
  readonly Networks: Readonly<Record<string, EndpointSettings>>;
};

/** `GET /containers/{id}/json`. */
export type ContainerInspect = {
  readonly Id: string;
  readonly Created: string;
  readonly Path: string;
  readonly Args: readonly string[];
  readonly State: ContainerStateBody;
  readonly Image: string;
  readonly ResolvConfPath: string;
  readonly HostnamePath: string;
  readonly HostsPath: string;
  readonly LogPath: string;
  readonly Name: string;
  readonly RestartCount: number;
  readonly Driver: string;
  readonly Platform: string;
  readonly MountLabel: string;
  readonly ProcessLabel: string;
  readonly AppArmorProfile: string;
  readonly ExecIDs: readonly string[] | null;
  readonly HostConfig: HostConfig;
  readonly GraphDriver: { readonly Name: string; readonly Data: Readonly<Record<string, string>> };
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Mounts: readonly MountPoint[];
  readonly Config: ContainerConfig;
  readonly NetworkSettings: NetworkSettings;
};

export type PortSummary = {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
};

/** One row of `GET /containers/json`. */
export type ContainerSummary = {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  readonly Command: string;
  /** Unix seconds. */
  readonly Created: number;
  readonly Ports: readonly PortSummary[];
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Labels: Readonly<Record<string, string>>;
  readonly State: ContainerStateName;
  readonly Status: string;
  readonly Health?: { readonly Status: Health["Status"] | "none"; readonly FailingStreak: number };
  readonly HostConfig: {
    readonly NetworkMode: string;
    readonly Annotations?: Readonly<Record<string, string>>;
  };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, EndpointSettings>> };
  readonly Mounts: readonly MountPoint[];
};

export type WaitAnswer = { readonly StatusCode: number; readonly Error?: { readonly Message: string } };

export type ExecCreateBody = {
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  readonly Tty?: boolean;
  readonly ConsoleSize?: readonly [number, number];
  readonly DetachKeys?: string;
  readonly Env?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Privileged?: boolean;
  readonly User?: string;
  readonly WorkingDir?: string;
};

export type ExecStartBody = {
  readonly Detach?: boolean;
  readonly Tty?: boolean;
  readonly ConsoleSize?: readonly [number, number];
};

export type ExecInspect = {
  readonly ID: string;
  readonly Running: boolean;
  readonly ExitCode: number | null;
  readonly ProcessConfig: {
    readonly tty: boolean;
    readonly entrypoint: string;
    readonly arguments: readonly string[];
    readonly privileged: boolean;
    readonly user?: string;
  };
  readonly OpenStdin: boolean;
  readonly OpenStderr: boolean;
  readonly OpenStdout: boolean;
  readonly CanRemove: boolean;
  readonly ContainerID: string;
  readonly DetachKeys: string;
  readonly Pid: number;
};

/** Kind 0: changed, 1: added, 2: deleted. */
export type FilesystemChange = { readonly Path: string; readonly Kind: 0 | 1 | 2 };

/** The header X-Docker-Container-Path-Stat, decoded. */
export type PathStat = {
  readonly name: string;
  readonly size: number;
  /** Permissions, and the kind of file in the high bits, as Go's os.FileMode has them. */
  readonly mode: number;
  readonly mtime: string;
  readonly linkTarget: string;
};

export type TopAnswer = {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[];
};

export type EventActor = { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };

export type EventMessage = {
  readonly Type: "container" | "image" | "network" | "volume" | "daemon";
  readonly Action: string;
  readonly Actor: EventActor;
  readonly scope: "local";
  /** Unix seconds. */
  readonly time: number;
  readonly timeNano: number;
};

export type UpdateContainerBody = Partial<Resources> & { readonly RestartPolicy?: Partial<RestartPolicy> };
export type UpdateContainerAnswer = { readonly Warnings: readonly string[] };
export type PruneContainersAnswer = {
  /** null: none, as Go writes a list that was never made. */
  readonly ContainersDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
};
/** Docker's zero time: a container that never ran has this StartedAt. */
export const zeroTime = "0001-01-01T00:00:00Z";
