// Limits: memory, CPU, processes, ulimits, sysctls. Shared with `update` as far as that can change them.

import type { Resources, RestartPolicy, Ulimit } from "../../spec/docker.ts";
import { CommandError, InvalidValueError } from "../failure.ts";
import { BadValueError, parseInteger } from "../flag-values.ts";
import type { Flags } from "../flags.ts";
import { splitPair } from "../flags.ts";

/** The limits that were given, and only those: an absent one means "as it is" to `update`. */
export function readLimits(flags: Flags): Partial<Resources> {
  const number = (flag: string) => (flags.given(flag) ? flags.number(flag) : undefined);
  const text = (flag: string) => flags.text(flag) || undefined;
  return given({
    BlkioWeight: number("blkio-weight"),
    CpuPeriod: number("cpu-period"),
    CpuQuota: number("cpu-quota"),
    CpuRealtimePeriod: number("cpu-rt-period"),
    CpuRealtimeRuntime: number("cpu-rt-runtime"),
    CpuShares: number("cpu-shares"),
    CpusetCpus: text("cpuset-cpus"),
    CpusetMems: text("cpuset-mems"),
    Memory: number("memory"),
    MemoryReservation: number("memory-reservation"),
    MemorySwap: number("memory-swap"),
    NanoCpus: number("cpus"),
    PidsLimit: number("pids-limit"),
  });
}

/** Leaves out what is undefined. */
export function given<T extends Readonly<Record<string, unknown>>>(
  fields: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

const ulimitNames = new Set(
  "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(
    " ",
  ),
);

/** `--ulimit NAME=SOFT[:HARD]`, -1 for no limit. */
export function readUlimits(flags: Flags): readonly Ulimit[] {
  // The last one of a name counts.
  const byName = new Map(flags.list("ulimit").map((spec) => [splitPair(spec)[0], parseUlimit(spec)]));
  return [...byName.values()].sort((a, b) => (a.Name < b.Name ? -1 : 1));
}

function parseUlimit(spec: string): Ulimit {
  const bad = (reason: string) => new InvalidValueError("ulimit", spec, reason);
  const [name, value] = splitPair(spec);
  if (!spec.includes("=")) throw bad(`invalid ulimit argument: ${spec}`);
  if (!ulimitNames.has(name)) throw bad(`invalid ulimit type: ${name}`);
  const [softText = "", hardText = softText, more] = value.split(":");
  if (more !== undefined)
    throw bad(`too many limit value arguments - ${value}, can only have up to two, \`soft[:hard]\``);
  try {
    const soft = parseInteger(softText);
    const hard = parseInteger(hardText);
    if (hard !== -1 && (soft === -1 || soft > hard)) {
      throw new BadValueError(
        `ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`,
      );
    }
    return { Name: name, Soft: soft, Hard: hard };
  } catch (err) {
    if (err instanceof BadValueError) throw bad(err.message);
    throw err;
  }
}

const sysctls = new Set(
  "kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni kernel.shm_rmid_forced".split(
    " ",
  ),
);

/** `--sysctl KEY=VALUE`: only those that belong to a namespace of the container. */
export function readSysctls(flags: Flags): Readonly<Record<string, string>> {
  return Object.fromEntries(
    flags.list("sysctl").map((spec) => {
      const [name, value] = splitPair(spec);
      const allowed = sysctls.has(name) || name.startsWith("net.") || name.startsWith("fs.mqueue.");
      if (!spec.includes("=") || !allowed) {
        throw new InvalidValueError("sysctl", spec, `sysctl '${spec}' is not allowed`);
      }
      return [name, value];
    }),
  );
}

const restartFormat = "invalid restart policy format";

/** `no`, `always`, `unless-stopped`, `on-failure[:COUNT]`; the daemon knows which names there are. */
export function parseRestartPolicy(text: string): RestartPolicy {
  if (text === "") return { Name: "", MaximumRetryCount: 0 };
  const colon = text.indexOf(":");
  const name = (colon < 0 ? text : text.slice(0, colon)) as RestartPolicy["Name"];
  if (name === "") throw new CommandError(`${restartFormat}: no policy provided before colon`, 125);
  const count = colon < 0 ? "0" : text.slice(colon + 1);
  if (!/^[+-]?\d+$/.test(count)) {
    throw new CommandError(`${restartFormat}: maximum retry count must be an integer`, 125);
  }
  return { Name: name, MaximumRetryCount: Number(count) };
}

/** `--memory-swappiness`: null stands for the host's. */
export function readSwappiness(flags: Flags): number | undefined {
  if (!flags.given("memory-swappiness")) return undefined;
  const value = flags.number("memory-swappiness");
  if (value < -1 || value > 100) {
    throw new CommandError(`invalid value: ${value}. Valid memory swappiness range is 0-100`, 125);
  }
  return value;
}
