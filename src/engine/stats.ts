// `stats`: what a container uses now, once or once a second.
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { hasCode } from "../base/errors.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { isUp } from "../containers/state.ts";
import { noStats, statsBody, withPrevious } from "../containers/stats-body.ts";
import type { MachineUse } from "../containers/stats-body.ts";
import { parseNetworkMode } from "../networks/network-mode.ts";
import { statsOf } from "../runtime/cgroup-stats.ts";
import { cgroupsPathOf } from "../runtime/cgroup.ts";
import type { ContainerStats, InterfaceStats } from "../spec/docker-stats.ts";
import type { Engine } from "./engine.ts";

export type StatsOptions = {
  /** One sample a second until the container is removed; a container that is stopped meanwhile uses nothing. */
  readonly stream: boolean;
  /** Without `stream`: do not wait a second for a second sample, so that there is nothing to count a percentage from. */
  readonly oneShot: boolean;
};

/** NotFoundError at once when there is no such container. */
export function containerStats(
  engine: Engine,
  ref: string,
  { stream, oneShot }: StatsOptions,
  signal: AbortSignal,
): AsyncIterable<ContainerStats> {
  const record = engine.containers.find(ref);
  if (stream) return withPreviousOnes(engine.stats.follow(engine, record.id, signal));
  if (oneShot || !isUp(record.state)) return once(sampleOf(engine, record));
  return second(withPreviousOnes(engine.stats.follow(engine, record.id, signal)));
}

async function* once(stats: ContainerStats): AsyncGenerator<ContainerStats> {
  yield await Promise.resolve(stats);
}

async function* withPreviousOnes(samples: AsyncIterable<ContainerStats>): AsyncGenerator<ContainerStats> {
  let previous: ContainerStats | undefined;
  for await (const sample of samples) {
    yield withPrevious(sample, previous);
    previous = sample;
  }
}

/** Or the first one, when there is no second because the container was removed. */
async function* second(samples: AsyncIterable<ContainerStats>): AsyncGenerator<ContainerStats> {
  let last: ContainerStats | undefined;
  let count = 0;
  for await (const sample of samples) {
    last = sample;
    count += 1;
    if (count === 2) break;
  }
  if (last) yield last;
}

/** About 0.25 ms of reading. */
export function sampleOf(engine: Engine, record: ContainerRecord): ContainerStats {
  const { state, hostConfig, id } = record;
  if (!isUp(state)) return noStats(record);
  const { cgroup } = engine.machine;
  const used = statsOf(cgroup, cgroupsPathOf(engine.instance.cgroupParent, hostConfig.CgroupParent, id));
  return statsBody(record, {
    at: engine.host.clock.now(),
    cgroupVersion: cgroup.version,
    used,
    machine: machineUse(),
    interfaces: hasOwnInterfaces(engine, record) ? interfacesOf(state.pid) : {},
  });
}

/** A container on the host's network, or one that joined such a container, has no interface of its own to count. */
function hasOwnInterfaces(engine: Engine, record: ContainerRecord): boolean {
  const mode = parseNetworkMode(record.hostConfig.NetworkMode);
  if (mode.kind !== "container") return mode.kind !== "host" && mode.kind !== "none";
  const other = engine.containers.lookUp(mode.container);
  return other !== undefined && other.id !== record.id && hasOwnInterfaces(engine, other);
}

/** proc(5): the cpu lines of /proc/stat count hundredths of a second; guest time is part of user time already. */
function machineUse(): MachineUse {
  const lines = readFileSync("/proc/stat", "utf8").split("\n");
  const total = lines[0]?.split(/ +/).slice(1, 8) ?? [];
  return {
    cpuNs: total.reduce((sum, ticks) => sum + Number(ticks), 0) * 10_000_000,
    onlineCpus: lines.filter((line) => /^cpu\d/.test(line)).length,
    memoryBytes: totalmem(),
  };
}

/** The interfaces that an engine gave to the namespace of process `pid`; nothing when the process is gone. */
function interfacesOf(pid: number): Record<string, InterfaceStats> {
  return Object.fromEntries(
    readProc(`/proc/${pid}/net/dev`)
      .split("\n")
      .flatMap((line) => {
        const match = /^\s*(eth\d+):\s*(.*)$/.exec(line);
        return match ? [[match[1] ?? "", interfaceStats(match[2]?.split(/ +/).map(Number) ?? [])]] : [];
      }),
  ) as Record<string, InterfaceStats>;
}

/** Columns of /proc/net/dev: bytes packets errs drop fifo frame compressed multicast, received and then sent. */
function interfaceStats(columns: readonly number[]): InterfaceStats {
  const at = (column: number): number => columns[column] ?? 0;
  return {
    rx_bytes: at(0),
    rx_packets: at(1),
    rx_errors: at(2),
    rx_dropped: at(3),
    tx_bytes: at(8),
    tx_packets: at(9),
    tx_errors: at(10),
    tx_dropped: at(11),
  };
}

function readProc(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (err) {
    if (hasCode(err, "ENOENT", "EINVAL")) return "";
    throw err;
  }
}
