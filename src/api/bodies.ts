// The shapes of the request bodies, as valibot schemas for decode.ts. `struct` fields are all there after decoding (Go's
// zero values where the client sent none); `fields` are there only when the client sent them, so that later code can
// tell "not said" from "empty".
import * as v from "valibot";
import type {
  CreateContainerBody,
  ExecCreateBody,
  ExecStartBody,
  MountPropagation,
  MountRequest,
  UpdateContainerBody,
} from "../spec/docker.ts";
import type { CreateVolumeBody } from "../spec/docker-resources.ts";

type Entries = Readonly<Record<string, v.GenericSchema>>;
type OptionalEntries<E extends Entries> = {
  [K in keyof E]: v.ExactOptionalSchema<E[K], undefined>;
};

function fields<E extends Entries>(entries: E): v.ObjectSchema<OptionalEntries<E>, undefined> {
  const optional = Object.entries(entries).map(([name, schema]) => [name, v.exactOptional(schema)]);
  return v.object(Object.fromEntries(optional) as OptionalEntries<E>);
}
const struct = v.object;

/** Checked by the compiler: what the schema lets through is what the engine takes. */
type Body<T> = v.GenericSchema<unknown, T>;

const text = v.string();
const flag = v.boolean();
/** Go's int64: a whole number. */
const integer = v.pipe(v.number(), v.integer(), v.minValue(-(2 ** 63)), v.maxValue(2 ** 63));
const texts = v.array(text);
const textMap = v.record(text, text);
const textSet = v.record(text, v.object({}));
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
const size = v.tuple([integer, integer]);

const healthcheck = fields({
  Test: texts,
  Interval: integer,
  Timeout: integer,
  StartPeriod: integer,
  StartInterval: integer,
  Retries: integer,
});

const restartPolicyName = word<"" | "no" | "always" | "on-failure" | "unless-stopped">();
const weightDevices = v.array(struct({ Path: text, Weight: integer }));
const throttleDevices = v.array(struct({ Path: text, Rate: integer }));

const resources = {
  CpuShares: integer,
  Memory: integer,
  NanoCpus: integer,
  CgroupParent: text,
  BlkioWeight: integer,
  BlkioWeightDevice: weightDevices,
  BlkioDeviceReadBps: throttleDevices,
  BlkioDeviceWriteBps: throttleDevices,
  BlkioDeviceReadIOps: throttleDevices,
  BlkioDeviceWriteIOps: throttleDevices,
  CpuPeriod: integer,
  CpuQuota: integer,
  CpuRealtimePeriod: integer,
  CpuRealtimeRuntime: integer,
  CpusetCpus: text,
  CpusetMems: text,
  Devices: v.array(struct({ PathOnHost: text, PathInContainer: text, CgroupPermissions: text })),
  DeviceCgroupRules: texts,
  DeviceRequests: v.array(
    struct({
      Driver: text,
      Count: integer,
      DeviceIDs: v.nullable(texts),
      Capabilities: v.nullable(v.array(texts)),
      Options: v.nullable(textMap),
    }),
  ),
  MemoryReservation: integer,
  MemorySwap: integer,
  MemorySwappiness: integer,
  OomKillDisable: flag,
  PidsLimit: integer,
  Ulimits: v.array(struct({ Name: text, Hard: integer, Soft: integer })),
};

const mount = v.object({
  Type: word<MountRequest["Type"]>(),
  Source: text,
  Target: text,
  ReadOnly: flag,
  Consistency: v.exactOptional(text),
  BindOptions: v.exactOptional(
    fields({
      Propagation: word<MountPropagation>(),
      NonRecursive: flag,
      CreateMountpoint: flag,
      ReadOnlyNonRecursive: flag,
      ReadOnlyForceRecursive: flag,
    }),
  ),
  VolumeOptions: v.exactOptional(
    fields({
      NoCopy: flag,
      Labels: textMap,
      DriverConfig: fields({ Name: text, Options: textMap }),
      Subpath: text,
    }),
  ),
  TmpfsOptions: v.exactOptional(fields({ SizeBytes: integer, Mode: integer, Options: v.array(texts) })),
});

const hostConfig = fields({
  ...resources,
  Binds: texts,
  ContainerIDFile: text,
  LogConfig: struct({ Type: text, Config: textMap }),
  NetworkMode: text,
  PortBindings: v.record(text, v.nullable(v.array(struct({ HostIp: text, HostPort: text })))),
  RestartPolicy: struct({ Name: restartPolicyName, MaximumRetryCount: integer }),
  AutoRemove: flag,
  VolumeDriver: text,
  VolumesFrom: texts,
  ConsoleSize: size,
  Annotations: textMap,
  CapAdd: command,
  CapDrop: command,
  CgroupnsMode: word<"" | "private" | "host">(),
  Dns: texts,
  DnsOptions: texts,
  DnsSearch: texts,
  ExtraHosts: texts,
  GroupAdd: texts,
  IpcMode: text,
  Cgroup: text,
  Links: texts,
  OomScoreAdj: integer,
  PidMode: text,
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: texts,
  StorageOpt: textMap,
  Tmpfs: textMap,
  UTSMode: text,
  UsernsMode: text,
  ShmSize: integer,
  Sysctls: textMap,
  Runtime: text,
  Isolation: text,
  Mounts: v.array(mount),
  MaskedPaths: texts,
  ReadonlyPaths: texts,
  Init: flag,
});

const endpointSettings = fields({
  IPAMConfig: v.nullable(fields({ IPv4Address: text, IPv6Address: text, LinkLocalIPs: texts })),
  Links: v.nullable(texts),
  Aliases: v.nullable(texts),
  MacAddress: text,
  DriverOpts: v.nullable(textMap),
  GwPriority: integer,
  NetworkID: text,
  EndpointID: text,
  Gateway: text,
  IPAddress: text,
  IPPrefixLen: integer,
  IPv6Gateway: text,
  GlobalIPv6Address: text,
  GlobalIPv6PrefixLen: integer,
  DNSNames: v.nullable(texts),
});

export const createBody: Body<CreateContainerBody> = fields({
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
  StopTimeout: integer,
  Shell: command,
  MacAddress: text,
  HostConfig: hostConfig,
  NetworkingConfig: fields({ EndpointsConfig: v.record(text, endpointSettings) }),
});

export const updateBody: Body<UpdateContainerBody> = fields({
  ...resources,
  RestartPolicy: fields({ Name: restartPolicyName, MaximumRetryCount: integer }),
});

export const execCreateBody: Body<ExecCreateBody> = fields({
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

export const execStartBody: Body<ExecStartBody> = fields({
  Detach: flag,
  Tty: flag,
  ConsoleSize: size,
});

export const createVolumeBody: Body<CreateVolumeBody> = fields({
  Name: text,
  Driver: text,
  DriverOpts: textMap,
  Labels: textMap,
});
