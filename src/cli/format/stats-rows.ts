// What a container uses, as a line of `stats`: percentages and sums from the engine's raw counters, as Docker counts them.

import type { ContainerStats } from "../../spec/docker-stats.ts";
import { Row } from "../template/values.ts";
import type { Listing } from "./listing.ts";
import { binarySize, humanSize, shortID } from "./words.ts";

export const statsListing: Listing = {
  table: ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"]
    .map((name) => `{{.${name}}}`)
    .join("\t"),
  quiet: "{{.ID}}",
  headers: {
    BlockIO: "BLOCK I/O",
    CPUPerc: "CPU %",
    Container: "CONTAINER",
    ID: "CONTAINER ID",
    MemPerc: "MEM %",
    MemUsage: "MEM USAGE / LIMIT",
    Name: "NAME",
    NetIO: "NET I/O",
    PIDs: "PIDS",
  },
};

export type Usage = {
  readonly id: string;
  readonly name: string;
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly pids: number;
};

export function usageOf(stats: ContainerStats): Usage {
  const networks = Object.values(stats.networks ?? {});
  const blocks = stats.blkio_stats.io_service_bytes_recursive ?? [];
  const moved = (letter: string) =>
    sum(blocks.filter(({ op }) => op.toLowerCase().startsWith(letter)).map(({ value }) => value));
  return {
    id: stats.id,
    name: stats.name.replace(/^\//, ""),
    cpuPercent: cpuPercent(stats),
    memoryBytes: memoryWithoutCache(stats),
    memoryLimitBytes: stats.memory_stats.limit ?? 0,
    receivedBytes: sum(networks.map(({ rx_bytes }) => rx_bytes)),
    sentBytes: sum(networks.map(({ tx_bytes }) => tx_bytes)),
    readBytes: moved("r"),
    writtenBytes: moved("w"),
    pids: stats.pids_stats.current ?? 0,
  };
}

/** The share of one CPU, so that two busy ones are 200. */
function cpuPercent({ cpu_stats: now, precpu_stats: before }: ContainerStats): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus || (now.cpu_usage.percpu_usage?.length ?? 0);
  return used > 0 && passed > 0 ? (used / passed) * cpus * 100 : 0;
}

/** Files that the kernel would drop at once do not count: total_inactive_file on cgroup v1, inactive_file on v2. */
function memoryWithoutCache({ memory_stats: { usage = 0, stats = {} } }: ContainerStats): number {
  const cache = stats["total_inactive_file"] ?? stats["inactive_file"] ?? 0;
  return cache < usage ? usage - cache : usage;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * @param container as the user named it.
 * @param usage undefined while nothing is known yet.
 */
export function statsRow(container: string, usage: Usage | undefined, truncate: boolean): Row {
  const known =
    (text: (usage: Usage) => string, unknown = "--") =>
    () =>
      usage === undefined ? unknown : text(usage);
  return new Row("container.statsContext", {
    Container: () => container,
    ID: known(({ id }) => (truncate ? shortID(id) : id), ""),
    Name: known(({ name }) => name),
    CPUPerc: known(({ cpuPercent: percent }) => `${percent.toFixed(2)}%`),
    MemUsage: known(
      ({ memoryBytes, memoryLimitBytes }) => `${binarySize(memoryBytes)} / ${binarySize(memoryLimitBytes)}`,
      "-- / --",
    ),
    MemPerc: known(
      ({ memoryBytes, memoryLimitBytes: limit }) =>
        `${(limit === 0 ? 0 : (memoryBytes / limit) * 100).toFixed(2)}%`,
    ),
    NetIO: known(({ receivedBytes, sentBytes }) => `${humanSize(receivedBytes)} / ${humanSize(sentBytes)}`),
    BlockIO: known(({ readBytes, writtenBytes }) => `${humanSize(readBytes)} / ${humanSize(writtenBytes)}`),
    PIDs: known(({ pids }) => String(pids)),
  });
}
