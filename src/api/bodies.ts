// The shapes of the request bodies, as valibot schemas for decode.ts. `struct` fields are all there after decoding (Go's
// zero values where the client sent none); `fields` are there only when the client sent them, so that later code can
// tell "not said" from "empty".
import * as v from "valibot";
import type {
  CreateContainerBody,
  EndpointSettings,
  ExecCreateBody,
  ExecStartBody,
  MountPropagation,
  MountRequest,
  UpdateContainerBody,
} from "../spec/docker.ts";
import { named, whole } from "./go-types.ts";
import type { AuthBody } from "../spec/docker-registry.ts";
import type { CreateNetworkBody, CreateVolumeBody } from "../spec/docker-resources.ts";

type Entries = Readonly<Record<string, v.GenericSchema>>;
type OptionalEntries<E extends Entries> = {
  [K in keyof E]: v.ExactOptionalSchema<E[K], undefined>;
};

/** `goName` is what Go calls it. */
function fields<E extends Entries>(
  goName: string,
  entries: E,
): v.ObjectSchema<OptionalEntries<E>, undefined> {
  const optional = Object.entries(entries).map(([name, schema]) => [name, v.exactOptional(schema)]);
  return named(goName, v.object(Object.fromEntries(optional) as OptionalEntries<E>));
}
function struct<E extends Entries>(goName: string, entries: E): v.ObjectSchema<E, undefined> {
  return named(goName, v.object(entries));
}

/** Checked by the compiler: what the schema lets through is what the engine takes. */
type Body<T> = v.GenericSchema<unknown, T>;

const text = v.string();
const flag = v.boolean();
const int64 = whole("int64");
const int = whole("int");
const uint16 = whole("uint16");
const uint64 = whole("uint64");
const duration = whole("time.Duration");
const texts = v.array(text);
const textMap = v.record(text, text);
const textSet = v.record(text, struct("struct {}", {}));
/** A text whose allowed values are checked with the rest of the settings, for Docker's own message. */
const word = <T extends string>(): v.GenericSchema<T> => v.string() as unknown as v.GenericSchema<T>;
/** A command: a list, or one text that is a list of one. */
const command = v.union([
  texts,
  v.pipe(
    text,
    v.transform((one): string[] => [one]),
  ),
]);
const size = v.tuple([int64, int64]);

const healthcheck = fields("container.HealthConfig", {
  Test: texts,
  Interval: duration,
  Timeout: duration,
  StartPeriod: duration,
  StartInterval: duration,
  Retries: int,
});

const restartPolicyName = word<"" | "no" | "always" | "on-failure" | "unless-stopped">();
const weightDevices = v.array(struct("blkiodev.WeightDevice", { Path: text, Weight: uint16 }));
const throttleDevices = v.array(struct("blkiodev.ThrottleDevice", { Path: text, Rate: uint64 }));

const resources = {
  CpuShares: int64,
  Memory: int64,
  NanoCpus: int64,
  CgroupParent: text,
  BlkioWeight: uint16,
  BlkioWeightDevice: weightDevices,
  BlkioDeviceReadBps: throttleDevices,
  BlkioDeviceWriteBps: throttleDevices,
  BlkioDeviceReadIOps: throttleDevices,
  BlkioDeviceWriteIOps: throttleDevices,
  CpuPeriod: int64,
  CpuQuota: int64,
  CpuRealtimePeriod: int64,
  CpuRealtimeRuntime: int64,
  CpusetCpus: text,
  CpusetMems: text,
  Devices: v.array(
    struct("container.DeviceMapping", { PathOnHost: text, PathInContainer: text, CgroupPermissions: text }),
  ),
  DeviceCgroupRules: texts,
  DeviceRequests: v.array(
    struct("container.DeviceRequest", {
      Driver: text,
      Count: int,
      DeviceIDs: v.nullable(texts),
      Capabilities: v.nullable(v.array(texts)),
      Options: v.nullable(textMap),
    }),
  ),
  MemoryReservation: int64,
  MemorySwap: int64,
  MemorySwappiness: int64,
  OomKillDisable: flag,
  PidsLimit: int64,
  Ulimits: v.array(struct("container.Ulimit", { Name: text, Hard: int64, Soft: int64 })),
};

const mount = struct("mount.Mount", {
  Type: word<MountRequest["Type"]>(),
  Source: text,
  Target: text,
  ReadOnly: flag,
  Consistency: v.exactOptional(text),
  BindOptions: v.exactOptional(
    fields("mount.BindOptions", {
      Propagation: word<MountPropagation>(),
      NonRecursive: flag,
      CreateMountpoint: flag,
      ReadOnlyNonRecursive: flag,
      ReadOnlyForceRecursive: flag,
    }),
  ),
  VolumeOptions: v.exactOptional(
    fields("mount.VolumeOptions", {
      NoCopy: flag,
      Labels: textMap,
      DriverConfig: fields("mount.Driver", { Name: text, Options: textMap }),
      Subpath: text,
    }),
  ),
  TmpfsOptions: v.exactOptional(
    fields("mount.TmpfsOptions", { SizeBytes: int64, Mode: whole("uint32"), Options: v.array(texts) }),
  ),
});

const hostConfig = fields("container.HostConfig", {
  ...resources,
  Binds: texts,
  ContainerIDFile: text,
  LogConfig: struct("container.LogConfig", { Type: text, Config: textMap }),
  NetworkMode: text,
  PortBindings: v.record(
    text,
    v.nullable(v.array(struct("network.PortBinding", { HostIp: text, HostPort: text }))),
  ),
  RestartPolicy: struct("container.RestartPolicy", { Name: restartPolicyName, MaximumRetryCount: int }),
  AutoRemove: flag,
  VolumeDriver: text,
  VolumesFrom: texts,
  ConsoleSize: size,
  Annotations: textMap,
  CapAdd: command,
  CapDrop: command,
  Capabilities: texts,
  CgroupnsMode: word<"" | "private" | "host">(),
  Dns: texts,
  DnsOptions: texts,
  DnsSearch: texts,
  ExtraHosts: texts,
  GroupAdd: texts,
  IpcMode: text,
  Cgroup: text,
  Links: texts,
  OomScoreAdj: int,
  PidMode: text,
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: texts,
  StorageOpt: textMap,
  Tmpfs: textMap,
  UTSMode: text,
  UsernsMode: text,
  ShmSize: int64,
  Sysctls: textMap,
  Runtime: text,
  Isolation: text,
  Mounts: v.array(mount),
  MaskedPaths: texts,
  ReadonlyPaths: texts,
  Init: flag,
});

const endpointSettings = fields("network.EndpointSettings", {
  IPAMConfig: v.nullable(
    fields("network.EndpointIPAMConfig", { IPv4Address: text, IPv6Address: text, LinkLocalIPs: texts }),
  ),
  Links: v.nullable(texts),
  Aliases: v.nullable(texts),
  MacAddress: text,
  DriverOpts: v.nullable(textMap),
  GwPriority: int,
  NetworkID: text,
  EndpointID: text,
  Gateway: text,
  IPAddress: text,
  IPPrefixLen: int,
  IPv6Gateway: text,
  GlobalIPv6Address: text,
  GlobalIPv6PrefixLen: int,
  DNSNames: v.nullable(texts),
});

export const createBody: Body<CreateContainerBody> = fields("container.CreateRequest", {
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: textSet,
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: texts,
  Cmd: command,
  Healthcheck: healthcheck,
  ArgsEscaped: flag,
  Image: text,
  Volumes: textSet,
  WorkingDir: text,
  Entrypoint: command,
  NetworkDisabled: flag,
  OnBuild: texts,
  Labels: textMap,
  StopSignal: text,
  StopTimeout: int,
  Shell: command,
  MacAddress: text,
  HostConfig: hostConfig,
  NetworkingConfig: fields("network.NetworkingConfig", { EndpointsConfig: v.record(text, endpointSettings) }),
});

export const updateBody: Body<UpdateContainerBody> = fields("container.UpdateConfig", {
  ...resources,
  RestartPolicy: fields("container.RestartPolicy", { Name: restartPolicyName, MaximumRetryCount: int }),
});

export const execCreateBody: Body<ExecCreateBody> = fields("container.ExecCreateRequest", {
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  Tty: flag,
  ConsoleSize: size,
  DetachKeys: text,
  Env: texts,
  Cmd: texts,
  Privileged: flag,
  User: text,
  WorkingDir: text,
});

export const execStartBody: Body<ExecStartBody> = fields("container.ExecStartRequest", {
  Detach: flag,
  Tty: flag,
  ConsoleSize: size,
});

export const createVolumeBody: Body<CreateVolumeBody> = fields("volume.CreateRequest", {
  Name: text,
  Driver: text,
  DriverOpts: textMap,
  Labels: textMap,
});

export const authBody: Body<AuthBody> = fields("registry.AuthConfig", {
  username: text,
  password: text,
  auth: text,
  email: text,
  serveraddress: text,
  identitytoken: text,
  registrytoken: text,
});

const ipamConfig = fields("network.IPAMConfig", {
  Subnet: text,
  IPRange: text,
  Gateway: text,
  AuxiliaryAddresses: textMap,
});

export const createNetworkBody: Body<CreateNetworkBody> = fields("network.CreateRequest", {
  Name: text,
  CheckDuplicate: flag,
  Driver: text,
  Scope: text,
  EnableIPv4: v.nullable(flag),
  EnableIPv6: v.nullable(flag),
  IPAM: v.nullable(
    fields("network.IPAM", {
      Driver: text,
      Config: v.nullable(v.array(ipamConfig)),
      Options: v.nullable(textMap),
    }),
  ),
  Internal: flag,
  Attachable: flag,
  Ingress: flag,
  ConfigOnly: flag,
  ConfigFrom: v.nullable(fields("network.ConfigReference", { Network: text })),
  Options: v.nullable(textMap),
  Labels: v.nullable(textMap),
});

export const connectNetworkBody: Body<{
  readonly Container?: string;
  readonly EndpointConfig?: Partial<EndpointSettings> | null;
}> = fields("network.ConnectRequest", { Container: text, EndpointConfig: v.nullable(endpointSettings) });

export const disconnectNetworkBody: Body<{ readonly Container?: string; readonly Force?: boolean }> = fields(
  "network.DisconnectRequest",
  { Container: text, Force: flag },
);
