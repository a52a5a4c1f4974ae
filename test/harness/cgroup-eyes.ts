// Reads a container's limits where the kernel keeps them, in the cgroup files of the host, whichever version it has.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const mountedAt = "/sys/fs/cgroup";

/** Pure cgroup v2, as most machines have it; otherwise one hierarchy for each controller. */
export const isV2 = existsSync(join(mountedAt, "cgroup.controllers"));

/**
 * A value from the cgroup of process `pid`, trimmed.
 * @param v1 controller and file, such as ["memory", "memory.limit_in_bytes"]
 */
export function cgroupValue(
  pid: number,
  v1: readonly [controller: string, file: string],
  v2: string,
): string {
  // Lines are "hierarchy-ID:controller-list:path" (cgroups(7)); v2 has the id 0 and no controllers.
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").trimEnd().split("\n");
  const own = lines
    .map((line) => line.split(":"))
    .find(([id, controllers = ""]) => (isV2 ? id === "0" : controllers.split(",").includes(v1[0])));
  if (own === undefined) throw new Error(`process ${pid} has no cgroup for ${v1[0]}`);
  const path = own.slice(2).join(":");
  return readFileSync(isV2 ? join(mountedAt, path, v2) : join(mountedAt, v1[0], path, v1[1]), "utf8").trim();
}
