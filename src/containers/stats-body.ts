// The kernel's numbers in the shape of `GET /containers/{id}/stats`.
import type { BlockCount, CgroupStats } from "../runtime/cgroup-stats.ts";
import { zeroTime } from "../spec/docker.ts";
import type {
  BlkioEntry,
  BlkioStats,
  ContainerStats,
  CpuStats,
  InterfaceStats,
  MemoryStats,
} from "../spec/docker-stats.ts";
import type { ContainerRecord } from "./record.ts";

/** What is known of the machine at the moment of a sample. */
export type MachineUse = {
  /** All CPUs together since boot, idle time included. */
  readonly cpuNs: number;
  readonly onlineCpus: number;
  readonly memoryBytes: number;
};

export type Sample = {
  readonly at: Date;
  readonly cgroupVersion: 1 | 2;
  readonly used: CgroupStats;
  readonly machine: MachineUse;
  readonly interfaces: Readonly<Record<string, InterfaceStats>>;
};

const noCpu: CpuStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};
const noBlkio: BlkioStats = {
  io_service_bytes_recursive: null,
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
};

/** What a container that does not run uses: Docker answers with zeros, not with an error. */
export function noStats({ id, name }: Pick<ContainerRecord, "id" | "name">): ContainerStats {
  return {
    id,
    name: `/${name}`,
    os_type: "linux",
    read: zeroTime,
    preread: zeroTime,
    cpu_stats: noCpu,
    precpu_stats: noCpu,
    memory_stats: {},
    pids_stats: {},
    blkio_stats: noBlkio,
    num_procs: 0,
    storage_stats: {},
  };
}

export function statsBody(record: Pick<ContainerRecord, "id" | "name">, sample: Sample): ContainerStats {
  const { used, machine, cgroupVersion, interfaces } = sample;
  return {
    ...noStats(record),
    read: sample.at.toISOString(),
    cpu_stats: cpuStats(used, machine, cgroupVersion),
    memory_stats: memoryStats(used, machine, cgroupVersion),
    pids_stats: {
      ...unlessZero("current", used.pids.current),
      ...(Number.isFinite(used.pids.limit) ? unlessZero("limit", used.pids.limit) : {}),
    },
    blkio_stats: blkioStats(used, cgroupVersion),
    ...(Object.keys(interfaces).length > 0 ? { networks: interfaces } : {}),
  };
}

/** The sample with the one before it, from which clients count percentages. */
export function withPrevious(stats: ContainerStats, previous: ContainerStats | undefined): ContainerStats {
  return previous ? { ...stats, preread: previous.read, precpu_stats: previous.cpu_stats } : stats;
}

function cpuStats({ cpu }: CgroupStats, machine: MachineUse, version: 1 | 2): CpuStats {
  return {
    cpu_usage: {
      total_usage: cpu.totalNs,
      ...(version === 1 ? { percpu_usage: cpu.perCpuNs } : {}),
      usage_in_kernelmode: cpu.systemNs,
      usage_in_usermode: cpu.userNs,
    },
    system_cpu_usage: machine.cpuNs,
    online_cpus: machine.onlineCpus,
    throttling_data: {
      periods: cpu.periods,
      throttled_periods: cpu.throttledPeriods,
      throttled_time: cpu.throttledNs,
    },
  };
}

/** Names of memory.stat that clients know; a kernel that has no such line counts 0. */
const v1Names =
  "cache rss rss_huge mapped_file dirty writeback pgpgin pgpgout pgfault pgmajfault inactive_anon active_anon inactive_file active_file unevictable"
    .split(" ")
    .flatMap((name) => [name, `total_${name}`])
    .concat("hierarchical_memory_limit", "hierarchical_memsw_limit");
const v2Names =
  "anon file kernel_stack slab sock shmem file_mapped file_dirty file_writeback anon_thp inactive_anon active_anon inactive_file active_file unevictable slab_reclaimable slab_unreclaimable pgfault pgmajfault workingset_refault workingset_activate workingset_nodereclaim pgrefill pgscan pgsteal pgactivate pgdeactivate pglazyfree pglazyfreed thp_fault_alloc thp_collapse_alloc".split(
    " ",
  );

/** A container without a limit has the machine's memory. */
function memoryStats({ memory }: CgroupStats, machine: MachineUse, version: 1 | 2): MemoryStats {
  const names = version === 1 ? v1Names : v2Names;
  return {
    ...unlessZero("usage", memory.usageBytes),
    ...(version === 1 ? unlessZero("max_usage", memory.maxUsageBytes) : {}),
    stats: Object.fromEntries(names.map((name) => [name, inJson(memory.stats[name] ?? 0)])),
    ...unlessZero("failcnt", memory.failures),
    limit: Math.min(memory.limitBytes, machine.memoryBytes),
  };
}

/** Bun has it, TypeScript's library does not know it yet. What it gives is a number to whoever reads the JSON. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => number };

function inJson(value: number | bigint): number {
  return typeof value === "bigint" ? rawJSON(String(value)) : value;
}

/** On v2 Docker shows bytes only. */
function blkioStats({ blockIO }: CgroupStats, version: 1 | 2): BlkioStats {
  const bytes = blockIO.bytes.map(blkioEntry);
  if (version === 2) return { ...noBlkio, io_service_bytes_recursive: bytes.length > 0 ? bytes : null };
  return {
    io_service_bytes_recursive: bytes,
    io_serviced_recursive: blockIO.operations.map(blkioEntry),
    io_queue_recursive: [],
    io_service_time_recursive: [],
    io_wait_time_recursive: [],
    io_merged_recursive: [],
    io_time_recursive: [],
    sectors_recursive: [],
  };
}

function blkioEntry({ major, minor, operation, value }: BlockCount): BlkioEntry {
  return { major, minor, op: operation, value };
}

function unlessZero<K extends string>(key: K, value: number): { readonly [name in K]?: number } {
  return value === 0 ? {} : ({ [key]: value } as { readonly [name in K]?: number });
}
