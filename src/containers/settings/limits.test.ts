import { expect, test } from "bun:test";
import { InvalidParameterError } from "../../base/errors.ts";
import type { CgroupLimits } from "../../runtime/cgroup.ts";
import type { Resources } from "../../spec/docker.ts";
import { cgroupWith, facts } from "./example-facts.ts";
import { checkedLimits } from "./limits.ts";

const MiB = 2 ** 20;

test.each([
  [{ Memory: 5 * MiB }, "Minimum memory limit allowed is 6MB"],
  [
    { Memory: 20 * MiB, MemorySwap: 10 * MiB },
    "Minimum memoryswap limit should be larger than memory limit, see usage",
  ],
  [{ MemorySwap: 10 * MiB }, "You should always set the Memory limit when using Memoryswap limit, see usage"],
  [{ MemorySwappiness: 101 }, "Invalid value: 101, valid memory swappiness range is 0-100"],
  [{ MemoryReservation: MiB }, "Minimum memory reservation allowed is 6MB"],
  [
    { Memory: 10 * MiB, MemoryReservation: 20 * MiB },
    "Minimum memory limit can not be less than memory reservation limit, see usage",
  ],
  [{ NanoCpus: 1e9, CpuPeriod: 1000 }, "Conflicting options: Nano CPUs and CPU Period cannot both be set"],
  [{ NanoCpus: 1e9, CpuQuota: 1000 }, "Conflicting options: Nano CPUs and CPU Quota cannot both be set"],
  [{ NanoCpus: 2.1e9 }, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"],
  [{ NanoCpus: -1 }, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"],
  [{ CpuShares: -1 }, "invalid CPU shares (-1): value must be a positive integer"],
  [
    { CpuPeriod: 999 },
    "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
  ],
  [
    { CpuPeriod: 1000001 },
    "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
  ],
  [{ CpuQuota: 999 }, "CPU cfs quota can not be less than 1ms (i.e. 1000)"],
  [
    { CpuRealtimePeriod: 10, CpuRealtimeRuntime: 11 },
    "cpu real-time runtime cannot be higher than cpu real-time period",
  ],
  [{ CpusetCpus: "0-7" }, "Requested CPUs are not available - requested 0-7, available: 0-1"],
  [{ CpusetCpus: "one" }, "Invalid value one for cpuset cpus"],
  [{ CpusetCpus: "0-4000000000" }, "Invalid value 0-4000000000 for cpuset cpus"],
  [{ CpusetCpus: "1-0" }, "Invalid value 1-0 for cpuset cpus"],
  [{ CpusetMems: "1" }, "Requested memory nodes are not available - requested 1, available: 0"],
  [{ BlkioWeight: 9 }, "Range of blkio weight is from 10 to 1000"],
  [{ BlkioWeight: 1001 }, "Range of blkio weight is from 10 to 1000"],
] as [Partial<Resources>, string][])("checkedLimits: %j is refused: %s", (asked, message) => {
  expect(() => checkedLimits(asked, facts)).toThrow(new InvalidParameterError(message));
});

test.each([
  { Memory: 6 * MiB, MemorySwap: -1 },
  { Memory: 6 * MiB, MemorySwap: 6 * MiB, MemoryReservation: 6 * MiB, MemorySwappiness: 0 },
  { NanoCpus: 2e9 },
  { CpuPeriod: 1000, CpuQuota: -1 },
  { CpusetCpus: "0,1", CpusetMems: "0" },
  { BlkioWeight: 10 },
  { PidsLimit: -1 },
] as Partial<Resources>[])("checkedLimits: %j is kept as it is", (asked) => {
  expect(checkedLimits(asked, facts)).toEqual({ limits: asked, warnings: [] });
});

const throttled = [{ Path: "/dev/sda", Rate: 1 }];

test.each([
  [{ memory: false }, { Memory: 10 * MiB }, { Memory: 0, MemorySwap: -1 }, "does not support memory limit"],
  [
    { swap: false },
    { Memory: 10 * MiB },
    { Memory: 10 * MiB, MemorySwap: -1 },
    "Memory limited without swap.",
  ],
  [
    { memoryReservation: false },
    { MemoryReservation: 10 * MiB },
    { MemoryReservation: 0 },
    "memory soft limit",
  ],
  [
    { swappiness: false },
    { MemorySwappiness: 5 },
    { MemorySwappiness: null },
    "Memory swappiness discarded.",
  ],
  [
    { oomKillDisable: false },
    { OomKillDisable: true },
    { OomKillDisable: null },
    "OomKillDisable discarded.",
  ],
  [
    {},
    { OomKillDisable: true },
    { OomKillDisable: true },
    "OOM killer is disabled for the container, but no memory limit is set",
  ],
  [{ pids: false }, { PidsLimit: 5 }, { PidsLimit: null }, "PIDs limit discarded."],
  [{ cpuShares: false }, { CpuShares: 5 }, { CpuShares: 0 }, "Shares discarded."],
  [{ cpuQuota: false }, { CpuQuota: 5000 }, { CpuQuota: 0, CpuPeriod: 0 }, "CPU period/quota discarded."],
  [{ cpuset: false }, { CpusetCpus: "9" }, { CpusetCpus: "", CpusetMems: "" }, "Cpuset discarded."],
  [{ blkioWeight: false }, { BlkioWeight: 5 }, { BlkioWeight: 0 }, "Weight discarded."],
  [
    { blkioThrottle: false },
    { BlkioDeviceReadBps: throttled },
    { BlkioDeviceReadBps: [] },
    "Block I/O BPS read limit discarded.",
  ],
  [
    { blkioThrottle: false },
    { BlkioDeviceWriteIOps: throttled },
    { BlkioDeviceWriteIOps: [] },
    "Block I/O IOPS write limit discarded.",
  ],
] as [Partial<CgroupLimits>, Partial<Resources>, Partial<Resources>, string][])(
  "checkedLimits: a kernel with %j makes of %j %j",
  (lacking, asked, limits, warning) => {
    const checked = checkedLimits(asked, { cgroup: cgroupWith(lacking), cpus: 2 });
    expect(checked.limits).toEqual(limits);
    expect(checked.warnings).toHaveLength(1);
    expect(checked.warnings[0]).toContain(warning);
  },
);

test.each([
  [
    { cpuQuota: false },
    { NanoCpus: 1e9 },
    "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted",
  ],
  [{ cpuRealtime: false }, { CpuRealtimePeriod: 1 }, "kernel does not support CPU real-time scheduler"],
] as [Partial<CgroupLimits>, Partial<Resources>, string][])(
  "checkedLimits: a kernel with %j refuses %j",
  (lacking, asked, message) => {
    expect(() => checkedLimits(asked, { cgroup: cgroupWith(lacking), cpus: 2 })).toThrow(message);
  },
);

test("checkedLimits: what is not wished needs no warning where it is lacking", () => {
  const none = { MemorySwappiness: -1, OomKillDisable: false, PidsLimit: 0 };
  const lacking = { swappiness: false, oomKillDisable: false, pids: false };
  expect(checkedLimits(none, { cgroup: cgroupWith(lacking), cpus: 2 })).toEqual({
    limits: { MemorySwappiness: null, OomKillDisable: null, PidsLimit: null },
    warnings: [],
  });
});

test("checkedLimits: swap alone may be given when a container is updated", () => {
  expect(checkedLimits({ MemorySwap: 10 * MiB }, facts, true).limits).toEqual({ MemorySwap: 10 * MiB });
});
