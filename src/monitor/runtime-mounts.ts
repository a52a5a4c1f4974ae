// Spawning in a tree of mounts that the runtime accepts. crun refuses hybrid cgroups (a v1 hierarchy for each controller
// and a cgroup2 at /sys/fs/cgroup/unified), but works on the v1 part where the cgroup2 is not to be seen.
import { existsSync } from "node:fs";
import { MNT_DETACH, MS_PRIVATE, setPropagation, unmount } from "../sys/mount.ts";
import { openOwnMounts, withCopyOfMounts } from "../sys/namespace.ts";
import { posixSpawn, type SpawnOptions } from "../sys/spawn.ts";

const cgroups = "/sys/fs/cgroup";
const unified = `${cgroups}/unified`;

export type RuntimeSpawn = {
  /** Starts a command and returns its pid. */
  readonly spawn: (options: SpawnOptions) => number;
  /** The command sees what is mounted after it has been spawned. */
  readonly seesLaterMounts: boolean;
};

/**
 * On pure v1 and v2 this is `posixSpawn`. On hybrid the command gets a fresh copy of all mounts, so it sees what the daemon
 * mounted a moment ago whether or not the host's mounts are shared; the copy ends with it. About 0.1 ms.
 */
export function runtimeSpawn(): RuntimeSpawn {
  if (!existsSync(`${unified}/cgroup.controllers`)) return { spawn: posixSpawn, seesLaterMounts: true };
  const home = openOwnMounts();
  const spawn = (options: SpawnOptions): number =>
    withCopyOfMounts(home, () => {
      // Not recursive: other mounts keep passing on what happens to them, as `rshared` volumes need it.
      setPropagation(cgroups, MS_PRIVATE);
      unmount(unified, MNT_DETACH);
      return posixSpawn(options);
    });
  return { spawn, seesLaterMounts: false };
}
