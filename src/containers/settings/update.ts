// `POST /containers/{id}/update`: new limits and restart policy of a container that exists.
import { ConflictError } from "../../base/errors.ts";
import type { HostConfig, Resources, UpdateContainerBody } from "../../spec/docker.ts";
import type { LimitFacts } from "./limits.ts";
import { checkedLimits } from "./limits.ts";
import { restartPolicy } from "./restart.ts";

export type Updated = { readonly hostConfig: HostConfig; readonly warnings: readonly string[] };

/** What an update may change; 0, "" and null leave a limit as it is, an empty list clears it (API 1.55). */
const changeable = [
  "BlkioWeight",
  "BlkioWeightDevice",
  "BlkioDeviceReadBps",
  "BlkioDeviceWriteBps",
  "BlkioDeviceReadIOps",
  "BlkioDeviceWriteIOps",
  "CpuShares",
  "NanoCpus",
  "CpuPeriod",
  "CpuQuota",
  "CpusetCpus",
  "CpusetMems",
  "Memory",
  "MemorySwap",
  "MemoryReservation",
  "CpuRealtimePeriod",
  "CpuRealtimeRuntime",
] as const satisfies readonly (keyof Resources)[];

/** Throws InvalidParameterError for what makes no sense, ConflictError for what contradicts what is set already. */
export function updatedHostConfig(
  hostConfig: HostConfig,
  body: UpdateContainerBody,
  facts: LimitFacts,
): Updated {
  const { limits, warnings } = checkedLimits(body, facts, true);
  checkAgainst(hostConfig, limits);
  const changes = Object.fromEntries(
    changeable.flatMap((key) => (isGiven(limits[key]) ? [[key, limits[key]] as const] : [])),
  );
  const policy = body.RestartPolicy?.Name ? restartPolicy(body.RestartPolicy) : hostConfig.RestartPolicy;
  if (hostConfig.AutoRemove && policy.Name !== "no")
    throw new ConflictError(
      "Restart policy cannot be updated because AutoRemove is enabled for the container",
    );
  const updated = { ...hostConfig, ...changes, ...pidsLimit(limits), RestartPolicy: policy };
  return { hostConfig: updated, warnings };
}

/** 0 and -1 take the limit away; null leaves it. */
function pidsLimit({ PidsLimit = null }: Partial<Resources>): Partial<Resources> {
  return PidsLimit === null ? {} : { PidsLimit: PidsLimit > 0 ? PidsLimit : null };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== 0 && value !== "";
}

/** NanoCpus sets period and quota, so that the two ways of saying the same cannot meet in one container. */
function checkAgainst(now: HostConfig, change: Partial<Resources>): void {
  const { NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0, Memory = 0, MemorySwap = 0 } = change;
  const conflicts: readonly (readonly [boolean, string])[] = [
    [
      NanoCpus > 0 && now.CpuPeriod > 0,
      "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set",
    ],
    [
      NanoCpus > 0 && now.CpuQuota > 0,
      "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set",
    ],
    [
      CpuPeriod > 0 && now.NanoCpus > 0,
      "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set",
    ],
    [
      CpuQuota > 0 && now.NanoCpus > 0,
      "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set",
    ],
    [
      Memory > now.MemorySwap && now.MemorySwap > 0 && MemorySwap === 0,
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    ],
  ];
  for (const [isConflict, message] of conflicts) if (isConflict) throw new ConflictError(message);
}
