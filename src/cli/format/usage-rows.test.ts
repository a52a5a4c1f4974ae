// What `stats` and `system df` count out of the engine's raw numbers.
import { describe, expect, test } from "bun:test";
import type { DiskUsageAnswer } from "../../spec/docker-system.ts";
import type { ContainerStats } from "../../spec/docker-stats.ts";
import { rowJson } from "../template/values.ts";
import { diskUsageRows } from "./disk-usage-rows.ts";
import { statsRow, usageOf } from "./stats-rows.ts";

const noCpu = { cpu_usage: { total_usage: 0 } };

function stats(parts: object): ContainerStats {
  return {
    id: "0123456789abcdef",
    name: "/web",
    cpu_stats: noCpu,
    precpu_stats: noCpu,
    memory_stats: {},
    pids_stats: {},
    blkio_stats: { io_service_bytes_recursive: null },
    ...parts,
  } as unknown as ContainerStats;
}

describe("usageOf", () => {
  test("two busy CPUs are 200 %", () => {
    const { cpuPercent } = usageOf(
      stats({
        precpu_stats: { cpu_usage: { total_usage: 1e9 }, system_cpu_usage: 10e9 },
        cpu_stats: { cpu_usage: { total_usage: 3e9 }, system_cpu_usage: 14e9, online_cpus: 4 },
      }),
    );
    expect(cpuPercent).toBe(200);
  });

  test("CPUs are counted by what each has used, where their number is not told", () => {
    const used = { total_usage: 2e9, percpu_usage: [1e9, 1e9] };
    const now = { cpu_usage: used, system_cpu_usage: 4e9 };
    expect(usageOf(stats({ cpu_stats: now })).cpuPercent).toBe(100);
  });

  test("the cache that the kernel would drop does not count, on either cgroup version", () => {
    const memory = (names: object) =>
      usageOf(stats({ memory_stats: { usage: 100, limit: 200, stats: names } }));
    expect(memory({ total_inactive_file: 30, inactive_file: 20 }).memoryBytes).toBe(70);
    expect(memory({ inactive_file: 20 }).memoryBytes).toBe(80);
    expect(memory({ inactive_file: 120 }).memoryBytes).toBe(100);
  });

  test("networks and devices are summed", () => {
    const io_service_bytes_recursive = [
      { op: "Read", value: 1 },
      { op: "write", value: 2 },
      { op: "read", value: 4 },
      { op: "Total", value: 99 },
    ];
    const networks = { eth0: { rx_bytes: 8, tx_bytes: 16 }, eth1: { rx_bytes: 32, tx_bytes: 64 } };
    const usage = usageOf(stats({ blkio_stats: { io_service_bytes_recursive }, networks }));
    expect(usage).toMatchObject({ readBytes: 5, writtenBytes: 2, receivedBytes: 40, sentBytes: 80 });
  });
});

test("statsRow: dashes while nothing is known", () => {
  expect(rowJson(statsRow("web", undefined, true))).toEqual({
    BlockIO: "--",
    CPUPerc: "--",
    Container: "web",
    ID: "",
    MemPerc: "--",
    MemUsage: "-- / --",
    Name: "--",
    NetIO: "--",
    PIDs: "--",
  });
});

test("diskUsageRows: what is in use cannot be reclaimed", () => {
  const answer = {
    LayersSize: 1000,
    Images: [
      { Containers: 1, Size: 600, SharedSize: 200 },
      { Containers: 0, Size: 600, SharedSize: 200 },
    ],
    Containers: [
      { State: "running", SizeRw: 10 },
      { State: "exited", SizeRw: 30 },
    ],
    Volumes: [{ UsageData: { RefCount: 1, Size: 5 } }, { UsageData: { RefCount: 0, Size: -1 } }],
    BuildCache: [
      { InUse: true, Shared: false, Size: 4 },
      { InUse: false, Shared: false, Size: 6 },
      { InUse: false, Shared: true, Size: 50 },
    ],
  } as unknown as DiskUsageAnswer;
  expect(diskUsageRows(answer).map((row) => Object.values(rowJson(row)).join(" "))).toEqual([
    "1 600B (60%) 1kB 2 Images",
    "1 30B (75%) 40B 2 Containers",
    "1 0B (0%) 5B 2 Local Volumes",
    "1 6B 10B 3 Build Cache",
  ]);
});
