// The whole configuration as a golden file (`bun test -u` rewrites it; read the difference), and what differs from it.
import { expect, test } from "bun:test";
import type { CgroupFacts } from "../runtime/cgroup.ts";
import { capabilitySets } from "../runtime/oci-spec/process.ts";
import type { RuntimeSpec } from "../spec/oci-runtime.ts";
import { containerConfig } from "./container-config.ts";
import type { PlacedMount } from "./mount-lines.ts";

const limits = { swap: true } as CgroupFacts["limits"];
const v1: CgroupFacts = { layout: "v1", version: 1, mounts: { memory: "/sys/fs/cgroup/memory" }, limits };
const v2: CgroupFacts = { layout: "v2", version: 2, mounts: { memory: "/sys/fs/cgroup" }, limits };

const spec: RuntimeSpec = {
  ociVersion: "1.0.2",
  process: {
    terminal: false,
    user: { uid: 0, gid: 0, additionalGids: [] },
    args: ["/sbin/init", "--", "sh"],
    env: ["LD_LIBRARY_PATH=/.sampan"],
    cwd: "/",
    capabilities: capabilitySets(["CAP_CHOWN", "CAP_NET_ADMIN"]),
    rlimits: [{ type: "RLIMIT_NOFILE", soft: 512, hard: { rawJSON: "18446744073709551615" } }],
    noNewPrivileges: true,
    oomScoreAdj: 100,
  },
  root: { path: "/var/lib/sampan/containers/web/rootfs", readonly: true },
  hostname: "boat",
  mounts: [],
  linux: {
    namespaces: [
      { type: "mount" },
      { type: "network", path: "/run/sampan/netns/web" },
      { type: "pid" },
      { type: "ipc", path: "/proc/4711/ns/ipc" },
    ],
    cgroupsPath: "/sampan/web",
    devices: [{ type: "c", path: "/dev/fuse", major: 10, minor: 229 }],
    resources: {
      devices: [
        { allow: false, access: "rwm" },
        { allow: true, type: "c", major: 10, minor: 229, access: "rw" },
      ],
      memory: { limit: 67_108_864, swap: 134_217_728, reservation: 1_048_576 },
      cpu: { shares: 512, quota: 50_000, period: 100_000, cpus: "0-1" },
      pids: { limit: -1 },
      blockIO: { weight: 500, throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1024 }] },
    },
    sysctl: { "net.core.somaxconn": "99" },
    seccomp: { defaultAction: "SCMP_ACT_ERRNO", syscalls: [] },
    rootfsPropagation: "rslave",
    readonlyPaths: ["/proc/sys"],
  },
};

const mounts: readonly PlacedMount[] = [
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "size=65536k"],
    target: "/dev",
    kind: "folder",
    below: [],
  },
  {
    destination: "/proc",
    type: "proc",
    source: "proc",
    options: ["nosuid"],
    target: "/proc",
    kind: "folder",
    below: [],
  },
  {
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    options: ["ro"],
    target: "/sys/fs/cgroup",
    kind: "folder",
    below: [],
  },
  {
    destination: "/var/run/my data",
    type: "bind",
    source: "/srv/my data",
    options: ["rbind", "rprivate", "rro"],
    target: "/run/my data",
    kind: "folder",
    below: [{ source: "/srv/my data/disk", target: "/run/my data/disk" }],
  },
  {
    destination: "/etc/hosts",
    type: "bind",
    source: "/h",
    options: ["rbind"],
    target: "/etc/hosts",
    kind: "file",
    below: [],
  },
];

const around = {
  cgroup: v1,
  mounts,
  masked: [
    { path: "/proc/kcore", kind: "file" },
    { path: "/sys/firmware", kind: "folder" },
  ] as const,
  hostNetwork: "/proc/1/fd/5",
  files: { seccomp: "/s/seccomp", devices: "/s/devices.sh", sysctls: "/s/sysctls.sh", stop: "/s/stop.sh" },
};

test("containerConfig: a container with some of everything", () => {
  expect(containerConfig(spec, around)).toMatchSnapshot();
});

test("containerConfig: with the unified cgroups its limits are converted", () => {
  const lines = containerConfig(spec, { ...around, cgroup: v2 }).split("\n");
  expect(lines.filter((line) => line.startsWith("lxc.cgroup2.") && !line.includes("devices"))).toEqual([
    "lxc.cgroup2.memory.max = 67108864",
    "lxc.cgroup2.memory.low = 1048576",
    "lxc.cgroup2.memory.swap.max = 67108864",
    "lxc.cgroup2.cpu.weight = 20",
    "lxc.cgroup2.cpu.max = 50000 100000",
    "lxc.cgroup2.cpuset.cpus = 0-1",
    "lxc.cgroup2.pids.max = max",
    "lxc.cgroup2.io.weight = default 4950",
    "lxc.cgroup2.io.max = 8:0 rbps=1024",
  ]);
});

test("containerConfig: the host's network is joined by path, since LXC is not in it", () => {
  const { linux } = spec;
  const onHost = { ...spec, linux: { ...linux, namespaces: [{ type: "mount" }] as const } };
  const text = containerConfig(onHost, around);
  expect(text).toContain("lxc.namespace.clone = mnt\nlxc.namespace.share.net = /proc/1/fd/5\n");
});

test("containerConfig: no value can bring another line along", () => {
  const process = { ...spec.process, apparmorProfile: "x\nlxc.hook.pre-start = /evil" };
  expect(() => containerConfig({ ...spec, process }, around)).toThrow("line break in lxc.apparmor.profile");
});

test("containerConfig: a /dev of the user's stays as it is", () => {
  const text = containerConfig(spec, { ...around, mounts: mounts.slice(1) });
  expect(text).toContain("lxc.autodev = 0\n");
});
