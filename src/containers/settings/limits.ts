// Limits of memory, CPU, processes and block I/O: refused when they make no sense, dropped with a warning when this
// kernel cannot set them. Sentences are Docker's.
import { InvalidParameterError } from "../../base/errors.ts";
import type { CgroupLimits } from "../../runtime/cgroup.ts";
import type { Resources } from "../../spec/docker.ts";
import type { HostFacts } from "../settings.ts";
import { outsideOf } from "./cpu-list.ts";

const lowestMemory = 6 * 1024 * 1024;
/** A period and quota of the CFS scheduler are microseconds. */
const lowestCfs = 1000;
const highestCfsPeriod = 1_000_000;

export type CheckedLimits = { readonly limits: Partial<Resources>; readonly warnings: readonly string[] };

export type LimitFacts = Pick<HostFacts, "cgroup" | "cpus">;

/** The given limits without those that this kernel lacks. `update`: memory-swap may come without memory, which is set already. */
export function checkedLimits(
  asked: Partial<Resources>,
  { cgroup, cpus }: LimitFacts,
  update = false,
): CheckedLimits {
  const supported = cgroup.limits;
  const parts = [
    checkedMemory(asked, supported, update),
    checkedOom(asked, supported),
    checkedPids(asked, supported),
    checkedCpu(asked, supported, cpus),
    checkedCpuset(asked, supported),
    checkedBlockIo(asked, supported),
  ];
  return {
    limits: Object.assign({}, asked, ...parts.map(({ limits }) => limits)) as Partial<Resources>,
    warnings: parts.flatMap(({ warnings }) => warnings),
  };
}

const nothingToChange: CheckedLimits = { limits: {}, warnings: [] };

function dropped(limits: Partial<Resources>, warning: string): CheckedLimits {
  return { limits, warnings: [warning] };
}

function refuse(message: string): never {
  throw new InvalidParameterError(message);
}

function checkedMemory(asked: Partial<Resources>, supported: CgroupLimits, update: boolean): CheckedLimits {
  const { Memory = 0, MemorySwap = 0, MemoryReservation = 0, MemorySwappiness = null } = asked;
  if (Memory !== 0 && Memory < lowestMemory) refuse("Minimum memory limit allowed is 6MB");
  if (Memory > 0 && MemorySwap > 0 && MemorySwap < Memory)
    refuse("Minimum memoryswap limit should be larger than memory limit, see usage");
  if (Memory === 0 && MemorySwap > 0 && !update)
    refuse("You should always set the Memory limit when using Memoryswap limit, see usage");
  if (
    MemorySwappiness !== null &&
    MemorySwappiness !== -1 &&
    (MemorySwappiness < 0 || MemorySwappiness > 100)
  )
    refuse(`Invalid value: ${MemorySwappiness}, valid memory swappiness range is 0-100`);
  if (MemoryReservation > 0 && MemoryReservation < lowestMemory)
    refuse("Minimum memory reservation allowed is 6MB");
  if (Memory > 0 && MemoryReservation > 0 && Memory < MemoryReservation)
    refuse("Minimum memory limit can not be less than memory reservation limit, see usage");
  const limits: Mutable<Partial<Resources>> = {};
  const warnings: string[] = [];
  if (Memory > 0 && !supported.memory) {
    limits.Memory = 0;
    limits.MemorySwap = -1;
    warnings.push(
      "Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.",
    );
  } else if (Memory > 0 && MemorySwap !== -1 && !supported.swap) {
    limits.MemorySwap = -1;
    warnings.push(
      "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
    );
  }
  if (MemoryReservation > 0 && !supported.memoryReservation) {
    limits.MemoryReservation = 0;
    warnings.push(
      "Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.",
    );
  }
  // Old clients send -1 for "as the host has it".
  if (MemorySwappiness === -1) limits.MemorySwappiness = null;
  else if (MemorySwappiness !== null && !supported.swappiness) {
    limits.MemorySwappiness = null;
    warnings.push(
      "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.",
    );
  }
  return { limits, warnings };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function checkedOom(
  { OomKillDisable = null, Memory = 0 }: Partial<Resources>,
  supported: CgroupLimits,
): CheckedLimits {
  if (OomKillDisable === null) return nothingToChange;
  if (!supported.oomKillDisable) {
    const limits = { OomKillDisable: null };
    return OomKillDisable
      ? dropped(limits, "Your kernel does not support OomKillDisable. OomKillDisable discarded.")
      : { limits, warnings: [] };
  }
  if (!OomKillDisable || Memory > 0) return nothingToChange;
  return dropped(
    {},
    "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.",
  );
}

function checkedPids({ PidsLimit = null }: Partial<Resources>, supported: CgroupLimits): CheckedLimits {
  if (PidsLimit === null || supported.pids) return nothingToChange;
  const limits = { PidsLimit: null };
  return PidsLimit > 0
    ? dropped(
        limits,
        "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.",
      )
    : { limits, warnings: [] };
}

function checkedCpu(asked: Partial<Resources>, supported: CgroupLimits, cpus: number): CheckedLimits {
  const { NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0, CpuShares = 0 } = asked;
  const { CpuRealtimePeriod = 0, CpuRealtimeRuntime = 0 } = asked;
  if (NanoCpus > 0 && CpuPeriod > 0)
    refuse("Conflicting options: Nano CPUs and CPU Period cannot both be set");
  if (NanoCpus > 0 && CpuQuota > 0) refuse("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  if (NanoCpus > 0 && !supported.cpuQuota)
    refuse(
      "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted",
    );
  if (NanoCpus < 0 || NanoCpus > cpus * 1e9)
    refuse(`range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  if (CpuShares < 0) refuse(`invalid CPU shares (${CpuShares}): value must be a positive integer`);
  if (CpuPeriod !== 0 && (CpuPeriod < lowestCfs || CpuPeriod > highestCfsPeriod))
    refuse("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  if (CpuQuota > 0 && CpuQuota < lowestCfs) refuse("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  if ((CpuRealtimePeriod !== 0 || CpuRealtimeRuntime !== 0) && !supported.cpuRealtime)
    refuse("kernel does not support CPU real-time scheduler");
  if (CpuRealtimePeriod !== 0 && CpuRealtimeRuntime > CpuRealtimePeriod)
    refuse("cpu real-time runtime cannot be higher than cpu real-time period");
  const limits: Mutable<Partial<Resources>> = {};
  const warnings: string[] = [];
  if (CpuShares > 0 && !supported.cpuShares) {
    limits.CpuShares = 0;
    warnings.push("Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.");
  }
  if ((CpuPeriod !== 0 || CpuQuota !== 0) && !supported.cpuQuota) {
    limits.CpuPeriod = 0;
    limits.CpuQuota = 0;
    warnings.push("Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.");
  }
  return { limits, warnings };
}

function checkedCpuset(
  { CpusetCpus = "", CpusetMems = "" }: Partial<Resources>,
  supported: CgroupLimits,
): CheckedLimits {
  if (CpusetCpus === "" && CpusetMems === "") return nothingToChange;
  if (!supported.cpuset)
    return dropped(
      { CpusetCpus: "", CpusetMems: "" },
      "Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded.",
    );
  checkList("cpus", "CPUs", CpusetCpus, supported.cpus);
  checkList("mems", "memory nodes", CpusetMems, supported.memoryNodes);
  return nothingToChange;
}

function checkList(kind: string, what: string, asked: string, available: string): void {
  const outside = outsideOf(asked, available);
  if (outside === undefined) refuse(`Invalid value ${asked} for cpuset ${kind}`);
  if (outside.length > 0)
    refuse(`Requested ${what} are not available - requested ${asked}, available: ${available}`);
}

function checkedBlockIo(asked: Partial<Resources>, supported: CgroupLimits): CheckedLimits {
  const limits: Mutable<Partial<Resources>> = {};
  const warnings: string[] = [];
  const { BlkioWeight = 0 } = asked;
  if (BlkioWeight > 0 && !supported.blkioWeight) {
    limits.BlkioWeight = 0;
    warnings.push(
      "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.",
    );
  } else if (BlkioWeight !== 0 && (BlkioWeight < 10 || BlkioWeight > 1000))
    refuse("Range of blkio weight is from 10 to 1000");
  for (const { key, isSupported, warning } of perDeviceLimits) {
    if ((asked[key] ?? []).length === 0 || isSupported(supported)) continue;
    limits[key] = [];
    warnings.push(warning);
  }
  return { limits, warnings };
}

const perDeviceLimits = [
  {
    key: "BlkioWeightDevice",
    isSupported: (limits: CgroupLimits) => limits.blkioWeightDevice,
    warning:
      "Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.",
  },
  throttle("BlkioDeviceReadBps", "BPS Block I/O read", "Block I/O BPS read"),
  throttle("BlkioDeviceWriteBps", "BPS Block I/O write", "Block I/O BPS write"),
  throttle("BlkioDeviceReadIOps", "IOPS Block read", "Block I/O IOPS read"),
  throttle("BlkioDeviceWriteIOps", "IOPS Block write", "Block I/O IOPS write"),
] as const;

function throttle<Key extends string>(key: Key, what: string, discarded: string) {
  return {
    key,
    isSupported: (limits: CgroupLimits) => limits.blkioThrottle,
    warning: `Your kernel does not support ${what} limit or the cgroup is not mounted. ${discarded} limit discarded.`,
  };
}
