// Putting a process into a cgroup takes a lock whose first taking waits for an RCU grace period: 10 to 20 ms on a quiet
// machine, more than all the rest of a container's start. Whoever takes the lock within the next grace period finds it open.
// So whoever sees a start coming has the lock taken by a thread of the pool: by the time the runtime needs it, it is open.
//
//   create ──► warm-up ─ ─ grace period ─ ─►│ open ─ ─ ─ ─ ─►│ closed again
//   start         mount, veth, bundle, runtime ──► cgroup.procs
//
// (kernel: cgroup_threadgroup_rwsem, a percpu rw-semaphore over rcu_sync. The mount option `favordynmods` would keep it open
// for good, and make every fork and exit on the machine dearer.)
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CgroupFacts } from "./cgroup.ts";

/** Returns at once; a call while another is under way does nothing. Never fails: it is a favour to the next start. */
export function cgroupWarmer(facts: CgroupFacts): () => void {
  let isUnderWay = false;
  return () => {
    const file = isUnderWay ? undefined : ownProcsFile(facts);
    if (file === undefined) return;
    isUnderWay = true;
    // "0" is the writer itself: this process is put where it is already, which changes nothing and takes the lock.
    writeFile(file, "0")
      .catch(() => {}) // read-only, delegated away, gone: then starts stay as slow as they are
      .finally(() => (isUnderWay = false));
  };
}

/** The `cgroup.procs` of the group that this process is in (cgroups(7), /proc/pid/cgroup). */
function ownProcsFile({ version, mounts }: CgroupFacts): string | undefined {
  const groups = readFileSync("/proc/self/cgroup", "utf8").split("\n");
  for (const line of groups) {
    const [, controllers = "", ...path] = line.split(":");
    const mount = version === 2 ? Object.values(mounts)[0] : mounts[controllers.split(",")[0] ?? ""];
    if (mount !== undefined && path.length > 0) return join(mount, path.join(":"), "cgroup.procs");
  }
  return undefined;
}
