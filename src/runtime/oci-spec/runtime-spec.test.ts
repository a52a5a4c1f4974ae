// Golden files of whole specifications (`bun test -u` rewrites them; read the difference), and what must hold for all.
import { expect, test } from "bun:test";
import type { ContainerConfig, HostConfig, MountPoint } from "../../spec/docker.ts";
import type { CgroupFacts } from "../cgroup.ts";
import { maskedPaths, readonlyPaths } from "./default-paths.ts";
import { execProcess } from "./exec-process.ts";
import { runtimeSpec } from "./runtime-spec.ts";
import type { SpecHost, SpecInput } from "./spec-input.ts";

const v2: CgroupFacts = {
  layout: "v2",
  version: 2,
  mounts: { memory: "/sys/fs/cgroup", pids: "/sys/fs/cgroup" },
  limits: {
    memory: true,
    swap: true,
    memoryReservation: true,
    swappiness: false,
    oomKillDisable: false,
    pids: true,
    cpuShares: true,
    cpuQuota: true,
    cpuRealtime: false,
    cpuset: true,
    cpus: "0-3",
    memoryNodes: "0",
    blkioWeight: true,
    blkioWeightDevice: true,
    blkioThrottle: true,
  },
};

const host: SpecHost = {
  cgroup: v2,
  capabilities: 0x1ff_ffff_ffffn,
  seccomp: true,
  appArmor: false,
  hardLimits: { nofile: 4096 },
  architecture: "x64",
  recursiveReadOnly: true,
};

const config: ContainerConfig = {
  Hostname: "0123456789ab",
  Domainname: "",
  User: "",
  AttachStdin: false,
  AttachStdout: true,
  AttachStderr: true,
  ExposedPorts: null,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: [],
  Cmd: ["true"],
  Image: "busybox",
  Volumes: null,
  WorkingDir: "",
  Entrypoint: null,
  OnBuild: null,
  Labels: {},
};

const hostConfig: HostConfig = {
  Binds: null,
  ContainerIDFile: "",
  LogConfig: { Type: "json-file", Config: {} },
  NetworkMode: "bridge",
  PortBindings: {},
  RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: "private",
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: "private",
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: "",
  UsernsMode: "",
  ShmSize: 67108864,
  Runtime: "crun",
  Isolation: "",
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  Ulimits: [],
  MaskedPaths: maskedPaths,
  ReadonlyPaths: readonlyPaths,
};

type Change = {
  readonly config?: Partial<ContainerConfig>;
  readonly hostConfig?: Partial<HostConfig>;
  readonly host?: Partial<SpecHost>;
  readonly rest?: Partial<SpecInput>;
};

function input(change: Change = {}): SpecInput {
  return {
    id: "0123456789abcdef",
    config: { ...config, ...change.config },
    hostConfig: { ...hostConfig, ...change.hostConfig },
    mounts: [],
    rootfs: "/root/rootfs",
    files: { hostname: "/c/hostname", hosts: "/c/hosts", resolvConf: "/c/resolv.conf" },
    user: { uid: 0, gid: 0, additionalGids: [0], home: "/root" },
    namespaces: { network: { kind: "private", path: "/run/netns/x" } },
    devices: { nodes: [], blockDevices: new Map() },
    cgroupsPath: "/sampan/0123456789abcdef",
    host: { ...host, ...change.host },
    ...change.rest,
  };
}

function bind(Source: string, Destination: string, more: Partial<MountPoint> = {}): MountPoint {
  return { Type: "bind", Source, Destination, Mode: "", RW: true, Propagation: "rprivate", ...more };
}

/** The filter is the same in most: one golden file shows it. */
function withoutFilter(change: Change): string {
  const { linux, ...spec } = runtimeSpec(input(change));
  const { seccomp, ...confined } = linux;
  return JSON.stringify({ ...spec, linux: { ...confined, hasFilter: seccomp !== undefined } }, undefined, 1);
}

test("runtimeSpec: a container that asked for nothing", () => {
  expect(JSON.stringify(runtimeSpec(input()), undefined, 1)).toMatchSnapshot();
});

test("runtimeSpec: a limited service with mounts, devices, ulimits and a user", () => {
  expect(
    withoutFilter({
      config: {
        Tty: true,
        User: "web",
        Env: ["A=1", "TERM=vt100"],
        WorkingDir: "/srv",
        Domainname: "example.org",
      },
      hostConfig: {
        ConsoleSize: [24, 80],
        Memory: 64 * 2 ** 20,
        MemorySwap: 128 * 2 ** 20,
        MemoryReservation: 32 * 2 ** 20,
        NanoCpus: 1.5e9,
        CpuShares: 512,
        CpusetCpus: "0,2",
        PidsLimit: 100,
        BlkioWeight: 300,
        BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 1024 }],
        DeviceCgroupRules: ["c 10:229 rwm", "b *:* m"],
        Ulimits: [
          { Name: "nofile", Soft: 1024, Hard: 2048 },
          { Name: "core", Soft: -1, Hard: -1 },
        ],
        Sysctls: { "net.core.somaxconn": "77" },
        OomScoreAdj: 500,
        Tmpfs: { "/tmp": "size=1m,exec" },
        Mounts: [
          {
            Type: "bind",
            Source: "/a",
            Target: "/data/a",
            ReadOnly: true,
            BindOptions: { NonRecursive: true },
          },
          {
            Type: "tmpfs",
            Source: "",
            Target: "/cache",
            ReadOnly: false,
            TmpfsOptions: { SizeBytes: 4096, Mode: 0o700 },
          },
        ],
        Init: true,
        Annotations: { note: "x" },
      },
      rest: {
        user: { uid: 1000, gid: 1001, additionalGids: [1001, 44], home: "/home/web" },
        initPath: "/usr/bin/tini-static",
        mounts: [
          bind("/a", "/data/a", { RW: false }),
          { ...bind("", "/cache"), Type: "tmpfs" },
          bind("/deep", "/x/y/z", { RW: false, Propagation: "rslave" }),
          bind("/hosts", "/etc/hosts"),
          { ...bind("/volumes/v/_data", "/v"), Type: "volume", Name: "v", Propagation: "" },
        ],
        devices: {
          nodes: [
            {
              path: "/dev/fuse",
              type: "c",
              major: 10,
              minor: 229,
              fileMode: 0o666,
              uid: 0,
              gid: 0,
              access: "rwm",
            },
            {
              path: "/dev/null",
              type: "c",
              major: 1,
              minor: 3,
              fileMode: 0o666,
              uid: 0,
              gid: 0,
              access: "rwm",
            },
          ],
          blockDevices: new Map([["/dev/sda", { major: 8, minor: 0 }]]),
        },
      },
    }),
  ).toMatchSnapshot();
});

test("runtimeSpec: privileged, with every namespace of the host", () => {
  expect(
    withoutFilter({
      hostConfig: {
        Privileged: true,
        NetworkMode: "host",
        PidMode: "host",
        IpcMode: "host",
        UTSMode: "host",
        CgroupnsMode: "host",
        MaskedPaths: null,
        ReadonlyPaths: null,
      },
      rest: { namespaces: { network: { kind: "host" } } },
    }),
  ).toMatchSnapshot();
});

test("runtimeSpec: joined to another container, read-only, with few capabilities and no new privileges", () => {
  expect(
    withoutFilter({
      hostConfig: {
        NetworkMode: "container:y",
        PidMode: "container:y",
        IpcMode: "container:y",
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        CapAdd: ["net_bind_service"],
        SecurityOpt: ["no-new-privileges", "seccomp=unconfined"],
        Init: true,
      },
      rest: {
        namespaces: {
          network: { kind: "shared", path: "/proc/7/ns/net" },
          pid: "/proc/7/ns/pid",
          ipc: "/proc/7/ns/ipc",
        },
        hostname: "theirs",
        shmSource: "/run/y/shm",
        initPath: "/usr/bin/tini-static",
      },
    }),
  ).toMatchSnapshot();
});

test("runtimeSpec: a daemon without CAP_SYS_RESOURCE gives what it can", () => {
  const capabilities = host.capabilities & ~(1n << 24n);
  const change = {
    hostConfig: {
      OomScoreAdj: -500,
      Privileged: true,
      Ulimits: [
        { Name: "nofile", Soft: 100, Hard: 1_000_000 },
        { Name: "nproc", Soft: 5, Hard: -1 },
      ],
    },
  };
  const lowered = runtimeSpec(input({ ...change, host: { capabilities } })).process;
  expect(lowered.oomScoreAdj).toBeUndefined();
  expect(lowered.rlimits?.[0]).toEqual({ type: "RLIMIT_NOFILE", soft: 100, hard: 4096 });
  expect(JSON.stringify(lowered.rlimits?.[1])).toBe(
    '{"type":"RLIMIT_NPROC","hard":18446744073709551615,"soft":5}',
  );
  expect(lowered.capabilities.bounding).not.toContain("CAP_SYS_RESOURCE");

  const asked = runtimeSpec(input(change)).process;
  expect(asked.oomScoreAdj).toBe(-500);
  expect(asked.rlimits?.[0]).toEqual({ type: "RLIMIT_NOFILE", soft: 100, hard: 1_000_000 });
});

test.each([
  ["/proc", "/proc"],
  ["/dev/shm", "/dev/shm"],
  ["/dev", "/dev/pts"],
])("runtimeSpec: a mount of the user at %s replaces the one at %s", (Destination, replaced) => {
  const { mounts } = runtimeSpec(input({ rest: { mounts: [bind("/mine", Destination)] } }));
  const there = mounts.filter(({ destination }) => destination === replaced);
  expect(there.map(({ source }) => source)).toEqual(Destination === replaced ? ["/mine"] : []);
});

test.each([
  ["shared", "shared"],
  ["rshared", "shared"],
  ["rslave", "rslave"],
  ["rprivate", undefined],
] as const)("runtimeSpec: a mount that is %s wants a root that is %p", (Propagation, wanted) => {
  const { linux } = runtimeSpec(input({ rest: { mounts: [bind("/a", "/b", { Propagation })] } }));
  expect(linux.rootfsPropagation).toBe(wanted);
});

test("runtimeSpec: --ipc none has no shared memory at all, shareable has the host folder's", () => {
  const shm = (change: Change) =>
    runtimeSpec(input(change)).mounts.find(({ destination }) => destination === "/dev/shm");
  expect(shm({ hostConfig: { IpcMode: "none" } })).toBeUndefined();
  expect(shm({ hostConfig: { IpcMode: "shareable" }, rest: { shmSource: "/run/x/shm" } })).toMatchObject({
    type: "bind",
    source: "/run/x/shm",
  });
});

test("runtimeSpec: on a kernel before 5.12 read-only means the mount itself", () => {
  const mounts = [bind("/a", "/b", { RW: false })];
  const optionsOf = (recursiveReadOnly: boolean) =>
    runtimeSpec(input({ rest: { mounts }, host: { recursiveReadOnly } })).mounts.find(
      ({ destination }) => destination === "/b",
    )?.options;
  expect(optionsOf(true)).toEqual(["rbind", "rprivate", "rro"]);
  expect(optionsOf(false)).toEqual(["rbind", "rprivate", "ro"]);
});

test("execProcess: the container's environment, limits and capabilities, the exec's own on top", () => {
  const { config: c, hostConfig: h, user } = input({ config: { Env: ["A=1", "B=1"], WorkingDir: "/srv" } });
  const process = execProcess({
    config: c,
    hostConfig: h,
    body: { Cmd: ["id"], Env: ["B=2"], Tty: true, ConsoleSize: [3, 4] },
    user: { ...user, home: "/home/web" },
    host,
  });
  expect(process).toMatchObject({
    args: ["id"],
    cwd: "/srv",
    terminal: true,
    consoleSize: { height: 3, width: 4 },
    noNewPrivileges: false,
  });
  expect(process.env.slice(1)).toEqual([
    "HOSTNAME=0123456789ab",
    "TERM=xterm",
    "A=1",
    "B=2",
    "HOME=/home/web",
  ]);
  expect(process.capabilities.bounding).toHaveLength(14);
});

test("execProcess: privileged has every capability of the daemon", () => {
  const { config: c, hostConfig: h, user } = input();
  const { capabilities } = execProcess({ config: c, hostConfig: h, body: { Privileged: true }, user, host });
  expect(capabilities.effective).toHaveLength(41);
});
