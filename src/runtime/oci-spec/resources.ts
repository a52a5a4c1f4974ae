// Limits of a container as the specification writes them; what is not limited is left out.
import type { HostConfig, ThrottleDevice } from "../../spec/docker.ts";
import type { BlockRate, LinuxResources } from "../../spec/oci-runtime.ts";
import type { CgroupFacts } from "../cgroup.ts";
import type { DeviceNumber } from "./spec-input.ts";

/** PID_MAX_LIMIT of the kernel: no more can be. crun 1.8 writes -1 as it is, which the kernel refuses. */
const mostPids = 4_194_304;

type Limits = Omit<LinuxResources, "devices">;

/** In microseconds: the period in which a share of `NanoCpus` is given. */
const cpuPeriod = 100_000;

export function resourceLimits(
  hostConfig: HostConfig,
  blockDevices: ReadonlyMap<string, DeviceNumber>,
): Limits {
  const memory = memoryLimits(hostConfig);
  const cpu = cpuLimits(hostConfig);
  const blockIO = blockLimits(hostConfig, blockDevices);
  const { PidsLimit } = hostConfig;
  return {
    ...(isEmpty(memory) ? {} : { memory }),
    ...(isEmpty(cpu) ? {} : { cpu }),
    ...(PidsLimit === null ? {} : { pids: { limit: PidsLimit } }),
    ...(isEmpty(blockIO) ? {} : { blockIO }),
  };
}

/**
 * The limits of an updated container: as `resourceLimits`, and taken away where nothing is limited any more.
 * `--memory` of a group in use cannot be lowered below what it uses: the kernel refuses or reclaims.
 */
export function updatedLimits(
  hostConfig: HostConfig,
  blockDevices: ReadonlyMap<string, DeviceNumber>,
  { limits: supported }: CgroupFacts,
): Limits {
  const now = resourceLimits(hostConfig, blockDevices);
  return { ...now, ...(supported.pids && !now.pids ? { pids: { limit: mostPids } } : {}) };
}

function memoryLimits(hostConfig: HostConfig): NonNullable<Limits["memory"]> {
  const { Memory, MemoryReservation, MemorySwap, MemorySwappiness, OomKillDisable } = hostConfig;
  return {
    ...(Memory > 0 ? { limit: Memory } : {}),
    ...(MemoryReservation > 0 ? { reservation: MemoryReservation } : {}),
    ...(MemorySwap === 0 || Memory === 0 ? {} : { swap: MemorySwap }),
    ...(MemorySwappiness === null ? {} : { swappiness: MemorySwappiness }),
    ...(OomKillDisable ? { disableOOMKiller: true } : {}),
  };
}

function cpuLimits(hostConfig: HostConfig): NonNullable<Limits["cpu"]> {
  const { CpuShares, NanoCpus, CpusetCpus, CpusetMems } = hostConfig;
  const { CpuRealtimePeriod, CpuRealtimeRuntime } = hostConfig;
  const quota = NanoCpus > 0 ? Math.round((NanoCpus * cpuPeriod) / 1e9) : hostConfig.CpuQuota;
  const period = NanoCpus > 0 ? cpuPeriod : hostConfig.CpuPeriod;
  return {
    ...(CpuShares > 0 ? { shares: CpuShares } : {}),
    ...(quota === 0 ? {} : { quota }),
    ...(period === 0 ? {} : { period }),
    ...(CpuRealtimeRuntime === 0 ? {} : { realtimeRuntime: CpuRealtimeRuntime }),
    ...(CpuRealtimePeriod === 0 ? {} : { realtimePeriod: CpuRealtimePeriod }),
    ...(CpusetCpus === "" ? {} : { cpus: CpusetCpus }),
    ...(CpusetMems === "" ? {} : { mems: CpusetMems }),
  };
}

function blockLimits(
  hostConfig: HostConfig,
  blockDevices: ReadonlyMap<string, DeviceNumber>,
): NonNullable<Limits["blockIO"]> {
  const numbersOf = (path: string): DeviceNumber => {
    const numbers = blockDevices.get(path);
    if (!numbers) throw new Error(`the device numbers of ${path} have not been looked up`);
    return { major: numbers.major, minor: numbers.minor };
  };
  const rates = (list: readonly ThrottleDevice[]): readonly BlockRate[] =>
    list.map(({ Path, Rate }) => ({ ...numbersOf(Path), rate: Rate }));
  const all = {
    weightDevice: hostConfig.BlkioWeightDevice.map(({ Path, Weight }) => ({
      ...numbersOf(Path),
      weight: Weight,
    })),
    throttleReadBpsDevice: rates(hostConfig.BlkioDeviceReadBps),
    throttleWriteBpsDevice: rates(hostConfig.BlkioDeviceWriteBps),
    throttleReadIOPSDevice: rates(hostConfig.BlkioDeviceReadIOps),
    throttleWriteIOPSDevice: rates(hostConfig.BlkioDeviceWriteIOps),
  };
  return {
    ...(hostConfig.BlkioWeight > 0 ? { weight: hostConfig.BlkioWeight } : {}),
    ...Object.fromEntries(Object.entries(all).filter(([, list]) => list.length > 0)),
  };
}

function isEmpty(limits: object): boolean {
  return Object.keys(limits).length === 0;
}
