// What a container has used, in the kernel's own numbers; 0 where a controller or the group is not there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../base/errors.ts";
import { controllerFolder } from "./cgroup.ts";
import type { CgroupFacts } from "./cgroup.ts";

export type CgroupStats = {
  readonly cpu: {
    readonly totalNs: number;
    readonly userNs: number;
    readonly systemNs: number;
    /** Of the CFS bandwidth limit. */
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledNs: number;
    /** By CPU number; v1 only. */
    readonly perCpuNs: readonly number[];
  };
  readonly memory: {
    readonly usageBytes: number;
    /** v1, and v2 since Linux 5.19. */
    readonly maxUsageBytes: number;
    /** Infinity: none. */
    readonly limitBytes: number;
    /** v1: how often the limit was met. v2: how often nothing was left but to kill (`oom` of memory.events), as in Docker. */
    readonly failures: number;
    /** memory.stat as it is: names differ between v1 and v2. "No limit" is a bigint: a double has not all its digits. */
    readonly stats: Readonly<Record<string, number | bigint>>;
  };
  /** `limit` is Infinity when there is none. */
  readonly pids: { readonly current: number; readonly limit: number };
  readonly blockIO: { readonly bytes: readonly BlockCount[]; readonly operations: readonly BlockCount[] };
};

/** `operation` as Docker spells it on v1: Read, Write, Sync, Async, Discard; on v2 it is read or write. */
export type BlockCount = {
  readonly major: number;
  readonly minor: number;
  readonly operation: string;
  readonly value: number;
};

export function statsOf(facts: CgroupFacts, cgroupsPath: string): CgroupStats {
  const read = (controller: string, file: string): string => {
    const folder = controllerFolder(facts, controller, cgroupsPath);
    return folder === undefined ? "" : readIfThere(join(folder, file));
  };
  return facts.version === 1 ? statsOfV1(read) : statsOfV2(read);
}

type Read = (controller: string, file: string) => string;

/** USER_HZ: cpuacct.stat counts in hundredths of a second on every architecture of Linux. */
const nsPerTick = 10_000_000;

/** Documentation/admin-guide/cgroup-v1/{cpuacct,memory,blkio-controller,pids}.rst */
function statsOfV1(read: Read): CgroupStats {
  const ticks = pairs(read("cpuacct", "cpuacct.stat"));
  const cpu = pairs(read("cpu", "cpu.stat"));
  return {
    cpu: {
      totalNs: number(read("cpuacct", "cpuacct.usage")),
      userNs: (ticks["user"] ?? 0) * nsPerTick,
      systemNs: (ticks["system"] ?? 0) * nsPerTick,
      periods: cpu["nr_periods"] ?? 0,
      throttledPeriods: cpu["nr_throttled"] ?? 0,
      throttledNs: cpu["throttled_time"] ?? 0,
      perCpuNs: read("cpuacct", "cpuacct.usage_percpu").trim().split(" ").filter(Boolean).map(Number),
    },
    memory: {
      usageBytes: number(read("memory", "memory.usage_in_bytes")),
      maxUsageBytes: number(read("memory", "memory.max_usage_in_bytes")),
      limitBytes: limitV1(read("memory", "memory.limit_in_bytes")),
      failures: number(read("memory", "memory.failcnt")),
      stats: exactPairs(read("memory", "memory.stat")),
    },
    pids: {
      current: number(read("pids", "pids.current")),
      limit: limitV2(read("pids", "pids.max")),
    },
    blockIO: {
      bytes: countsV1(read("blkio", "blkio.throttle.io_service_bytes_recursive")),
      operations: countsV1(read("blkio", "blkio.throttle.io_serviced_recursive")),
    },
  };
}

/** Documentation/admin-guide/cgroup-v2.rst */
function statsOfV2(read: Read): CgroupStats {
  const cpu = pairs(read("cpu", "cpu.stat"));
  const ns = (name: string): number => (cpu[name] ?? 0) * 1000;
  const io = read("io", "io.stat");
  return {
    cpu: {
      totalNs: ns("usage_usec"),
      userNs: ns("user_usec"),
      systemNs: ns("system_usec"),
      periods: cpu["nr_periods"] ?? 0,
      throttledPeriods: cpu["nr_throttled"] ?? 0,
      throttledNs: ns("throttled_usec"),
      perCpuNs: [],
    },
    memory: {
      usageBytes: number(read("memory", "memory.current")),
      maxUsageBytes: number(read("memory", "memory.peak")),
      limitBytes: limitV2(read("memory", "memory.max")),
      failures: pairs(read("memory", "memory.events"))["oom"] ?? 0,
      stats: exactPairs(read("memory", "memory.stat")),
    },
    pids: {
      current: number(read("pids", "pids.current")),
      limit: limitV2(read("pids", "pids.max")),
    },
    blockIO: {
      bytes: countsV2(io, { rbytes: "read", wbytes: "write" }),
      operations: countsV2(io, { rios: "read", wios: "write" }),
    },
  };
}

function number(text: string): number {
  return Number(text.trim());
}

/** "No limit" is the highest multiple of the page size below 2^63. */
function limitV1(text: string): number {
  const limit = number(text);
  return limit > Number.MAX_SAFE_INTEGER ? Infinity : limit;
}

function limitV2(text: string): number {
  return text.trim() === "max" ? Infinity : number(text);
}

/** Lines of `name value`. */
function pairs(text: string): Readonly<Record<string, number>> {
  return pairsBy(text, Number);
}

function exactPairs(text: string): Readonly<Record<string, number | bigint>> {
  return pairsBy(text, (value) => (Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value)));
}

function pairsBy<T>(text: string, read: (value: string) => T): Readonly<Record<string, T>> {
  const lines = text.split("\n").map((line) => line.split(" "));
  return Object.fromEntries(
    lines.flatMap(([name, value]) => (name && value ? [[name, read(value)] as const] : [])),
  );
}

/** Lines of `8:0 Read 4096`, and a last one with the total of all. */
function countsV1(text: string): readonly BlockCount[] {
  return text.split("\n").flatMap((line) => {
    const match = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line);
    if (!match) return [];
    const [, major, minor, operation = "", value] = match;
    return [{ major: Number(major), minor: Number(minor), operation, value: Number(value) }];
  });
}

/** Lines of `8:0 rbytes=1 wbytes=2 rios=3 …`. */
function countsV2(text: string, names: Readonly<Record<string, string>>): readonly BlockCount[] {
  return text.split("\n").flatMap((line) => {
    const [device = "", ...fields] = line.split(" ");
    const [major = "", minor = ""] = device.split(":");
    return fields.flatMap((field) => {
      const [key = "", value = ""] = field.split("=");
      const operation = names[key];
      return operation === undefined
        ? []
        : [{ major: Number(major), minor: Number(minor), operation, value: Number(value) }];
    });
  });
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (err) {
    if (hasCode(err, "ENOENT", "ENODEV")) return "";
    throw err;
  }
}
