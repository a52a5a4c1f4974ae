// A machine for tests: cgroup v2 with everything, two CPUs, crun and runc.
import type { CgroupFacts, CgroupLimits } from "../../runtime/cgroup.ts";
import { unconfigured } from "../defaults.ts";
import type { HostFacts, SettingsContext } from "../settings.ts";

export const allLimits: CgroupLimits = {
  memory: true,
  swap: true,
  memoryReservation: true,
  swappiness: true,
  oomKillDisable: true,
  pids: true,
  cpuShares: true,
  cpuQuota: true,
  cpuRealtime: true,
  cpuset: true,
  cpus: "0-1",
  memoryNodes: "0",
  blkioWeight: true,
  blkioWeightDevice: true,
  blkioThrottle: true,
};

export function cgroupWith(limits: Partial<CgroupLimits> = {}, version: 1 | 2 = 2): CgroupFacts {
  return {
    layout: version === 1 ? "v1" : "v2",
    version,
    mounts: { memory: "/sys/fs/cgroup" },
    limits: { ...allLimits, ...limits },
  };
}

export const facts: HostFacts = {
  cgroup: cgroupWith(),
  cpus: 2,
  hostname: "theHost",
  seccomp: true,
  runtimes: ["crun", "runc"],
  capabilities: 0x1ff_ffff_ffffn,
  hardLimits: { nofile: 4096 },
  defaultRuntime: "crun",
  defaults: { ...unconfigured, logOptions: { "max-size": "20m" } },
};

const other = {
  id: "f".repeat(64),
  mounts: [
    {
      Type: "volume",
      Name: "data",
      Source: "/volumes/data/_data",
      Destination: "/data",
      Driver: "local",
      Mode: "z",
      RW: true,
      Propagation: "",
    },
    {
      Type: "bind",
      Source: "/src",
      Destination: "/src",
      Mode: "",
      RW: true,
      Propagation: "rprivate",
    },
  ],
} as const;

/** There is one other container, `other`, with a volume at /data and a bind at /src. */
export const context: SettingsContext = {
  id: "0123456789abcdef".repeat(4),
  image: undefined,
  facts,
  findContainer: (ref) => (ref === "other" ? other : undefined),
};
