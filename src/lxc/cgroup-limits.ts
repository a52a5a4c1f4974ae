// The limits of a container as files of its cgroup: for LXC's configuration, and for a change while it runs.
import type { CgroupFacts } from "../runtime/cgroup.ts";
import type { BlockRate, LinuxResources } from "../spec/oci-runtime.ts";

export type Limit = { readonly file: string; readonly value: string };

/** In an order in which the kernel takes them: memory before memory plus swap, the period before the quota. */
export function cgroupLimits(resources: LinuxResources, { version, limits }: CgroupFacts): readonly Limit[] {
  const found = version === 1 ? limitsOfV1(resources, limits.swap) : limitsOfV2(resources, limits.swap);
  return found.flatMap(([file, value]) => (value === undefined ? [] : [{ file, value: String(value) }]));
}

type Entry = readonly [file: string, value: string | number | undefined];

function limitsOfV1({ memory = {}, cpu = {}, pids, blockIO = {} }: LinuxResources, swap: boolean): Entry[] {
  return [
    ["memory.limit_in_bytes", memory.limit],
    ["memory.soft_limit_in_bytes", memory.reservation],
    ["memory.memsw.limit_in_bytes", swap ? memory.swap : undefined],
    ["memory.swappiness", memory.swappiness],
    ["memory.oom_control", memory.disableOOMKiller ? 1 : undefined],
    ["cpu.shares", cpu.shares],
    ["cpu.cfs_period_us", cpu.period],
    ["cpu.cfs_quota_us", cpu.quota],
    ["cpu.rt_period_us", cpu.realtimePeriod],
    ["cpu.rt_runtime_us", cpu.realtimeRuntime],
    ["cpuset.cpus", cpu.cpus],
    ["cpuset.mems", cpu.mems],
    ["pids.max", pids && mostOr(pids.limit)],
    ["blkio.weight", blockIO.weight],
    ...(blockIO.weightDevice ?? []).map(
      ({ major, minor, weight }) => ["blkio.weight_device", `${major}:${minor} ${weight}`] as const,
    ),
    ...rates("blkio.throttle.read_bps_device", blockIO.throttleReadBpsDevice),
    ...rates("blkio.throttle.write_bps_device", blockIO.throttleWriteBpsDevice),
    ...rates("blkio.throttle.read_iops_device", blockIO.throttleReadIOPSDevice),
    ...rates("blkio.throttle.write_iops_device", blockIO.throttleWriteIOPSDevice),
  ];
}

function rates(file: string, list: readonly BlockRate[] = []): Entry[] {
  return list.map(({ major, minor, rate }) => [file, `${major}:${minor} ${rate}`]);
}

/** v1's terms in v2's, as the OCI runtimes convert them. */
function limitsOfV2({ memory = {}, cpu = {}, pids, blockIO = {} }: LinuxResources, swap: boolean): Entry[] {
  const quota = cpu.quota === undefined || cpu.quota < 0 ? "max" : cpu.quota;
  const hasQuota = cpu.quota !== undefined || cpu.period !== undefined;
  return [
    ["memory.max", memory.limit && mostOr(memory.limit)],
    ["memory.low", memory.reservation],
    ["memory.swap.max", swap ? swapOnly(memory) : undefined],
    ["cpu.weight", cpu.shares && weightOfShares(cpu.shares)],
    ["cpu.max", hasQuota ? `${quota} ${cpu.period ?? 100_000}` : undefined],
    ["cpuset.cpus", cpu.cpus],
    ["cpuset.mems", cpu.mems],
    ["pids.max", pids && mostOr(pids.limit)],
    ["io.weight", blockIO.weight && `default ${weightOfBlkio(blockIO.weight)}`],
    ...rates2("rbps", blockIO.throttleReadBpsDevice),
    ...rates2("wbps", blockIO.throttleWriteBpsDevice),
    ...rates2("riops", blockIO.throttleReadIOPSDevice),
    ...rates2("wiops", blockIO.throttleWriteIOPSDevice),
  ];
}

function rates2(name: string, list: readonly BlockRate[] = []): Entry[] {
  return list.map(({ major, minor, rate }) => ["io.max", `${major}:${minor} ${name}=${rate}`]);
}

function swapOnly({ limit = 0, swap }: NonNullable<LinuxResources["memory"]>): string | number | undefined {
  if (swap === undefined) return undefined;
  return swap < 0 ? "max" : swap - limit;
}

/** 2..262144 onto 1..10000, as crun 1.8 and runc 1.1. */
function weightOfShares(shares: number): number {
  return 1 + Math.floor(((shares - 2) * 9999) / 262_142);
}

/** 10..1000 onto 1..10000. */
function weightOfBlkio(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

function mostOr(limit: number): string | number {
  return limit < 0 ? "max" : limit;
}
