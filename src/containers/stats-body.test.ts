import { describe, expect, test } from "bun:test";
import type { CgroupStats } from "../runtime/cgroup-stats.ts";
import { zeroTime } from "../spec/docker.ts";
import { noStats, statsBody, withPrevious } from "./stats-body.ts";
import type { Sample } from "./stats-body.ts";

const record = { id: "a".repeat(64), name: "web" };
const used: CgroupStats = {
  cpu: {
    totalNs: 50,
    userNs: 30,
    systemNs: 20,
    periods: 4,
    throttledPeriods: 2,
    throttledNs: 9,
    perCpuNs: [40, 10],
  },
  memory: {
    usageBytes: 1000,
    maxUsageBytes: 2000,
    limitBytes: Infinity,
    failures: 3,
    stats: { cache: 7, total_cache: 8, inactive_file: 5, anon: 6 },
  },
  pids: { current: 2, limit: Infinity },
  blockIO: {
    bytes: [{ major: 8, minor: 0, operation: "Read", value: 4096 }],
    operations: [{ major: 8, minor: 0, operation: "Read", value: 1 }],
  },
};
const sample: Sample = {
  at: new Date("2026-01-02T03:04:05Z"),
  cgroupVersion: 1,
  used,
  machine: { cpuNs: 1e12, onlineCpus: 2, memoryBytes: 1e9 },
  interfaces: {},
};

describe("statsBody", () => {
  test("a number that no double holds keeps its digits", () => {
    const stats = { hierarchical_memory_limit: 9223372036854771712n };
    const body = statsBody(record, { ...sample, used: { ...used, memory: { ...used.memory, stats } } });
    expect(JSON.stringify(body)).toContain('"hierarchical_memory_limit":9223372036854771712,');
  });

  test("v1: time by CPU, maximum and both counts of block I/O", () => {
    const body = statsBody(record, sample);
    expect(body).toMatchObject({
      name: "/web",
      read: "2026-01-02T03:04:05.000Z",
      preread: zeroTime,
      cpu_stats: {
        cpu_usage: {
          total_usage: 50,
          percpu_usage: [40, 10],
          usage_in_kernelmode: 20,
          usage_in_usermode: 30,
        },
        system_cpu_usage: 1e12,
        online_cpus: 2,
        throttling_data: { periods: 4, throttled_periods: 2, throttled_time: 9 },
      },
      memory_stats: { usage: 1000, max_usage: 2000, failcnt: 3 },
      blkio_stats: {
        io_service_bytes_recursive: [{ major: 8, minor: 0, op: "Read", value: 4096 }],
        io_serviced_recursive: [{ major: 8, minor: 0, op: "Read", value: 1 }],
        sectors_recursive: [],
      },
    });
    expect(body.memory_stats.stats).toMatchObject({ cache: 7, total_cache: 8, rss: 0 });
    expect(body.memory_stats.stats).not.toHaveProperty("anon");
  });

  test("v2: no time by CPU, no maximum, bytes alone of block I/O, other names of memory", () => {
    const body = statsBody(record, { ...sample, cgroupVersion: 2 });
    expect(body.cpu_stats.cpu_usage).not.toHaveProperty("percpu_usage");
    expect(body.memory_stats).not.toHaveProperty("max_usage");
    expect(body.memory_stats.stats).toMatchObject({ anon: 6, inactive_file: 5, slab: 0 });
    expect(body.memory_stats.stats).not.toHaveProperty("cache");
    expect(body.blkio_stats.io_service_bytes_recursive).toHaveLength(1);
    expect(body.blkio_stats.io_serviced_recursive).toBeNull();
  });

  test("without a limit memory is the machine's, and pids have none", () => {
    const body = statsBody(record, sample);
    expect(body.memory_stats.limit).toBe(1e9);
    expect(body.pids_stats).toEqual({ current: 2 });
  });

  test("networks are there only where there are any", () => {
    expect(statsBody(record, sample)).not.toHaveProperty("networks");
    const eth0 = {
      rx_bytes: 1,
      rx_packets: 2,
      rx_errors: 3,
      rx_dropped: 4,
      tx_bytes: 5,
      tx_packets: 6,
      tx_errors: 7,
      tx_dropped: 8,
    };
    expect(statsBody(record, { ...sample, interfaces: { eth0 } }).networks).toEqual({ eth0 });
  });
});

test("withPrevious: time and CPUs of the sample before", () => {
  const one = statsBody(record, sample);
  const two = withPrevious(statsBody(record, { ...sample, at: new Date("2026-01-02T03:04:06Z") }), one);
  expect([two.read, two.preread]).toEqual(["2026-01-02T03:04:06.000Z", one.read]);
  expect(two.precpu_stats).toEqual(one.cpu_stats);
  expect(withPrevious(one, undefined)).toBe(one);
});

test("noStats: zeros that clients can count with", () => {
  expect(noStats(record)).toMatchObject({
    read: zeroTime,
    memory_stats: {},
    cpu_stats: { cpu_usage: { total_usage: 0 } },
  });
});
