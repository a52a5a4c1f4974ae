// Putting a process into a cgroup takes a lock whose first taking waits for an RCU grace period: 8 to 28 ms on a quiet
// machine, more than all the rest of a container's start. Whoever takes the lock within the next grace period finds it open.
// So whoever sees a start coming has the lock taken by a thread of the pool: by the time the runtime needs it, it is open,
// or nearly so. Commands come in bursts (a script, a test suite, a compose file): for a moment more it is kept open.
//
//   create ──► warm-up ─ ─ grace period ─ ─►│ open ─ ─ again ─ ─ again … ─ ─ ─►│ closed
//   start         mount, veth, bundle, runtime ──► cgroup.procs
//
// (kernel: cgroup_threadgroup_rwsem, a percpu rw-semaphore over rcu_sync. The mount option `favordynmods` would keep it open
// for good, and make every fork and exit on the machine dearer.)
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CgroupFacts } from "./cgroup.ts";

/** From the last announcement on; some 200 writes, together less than 20 ms of processor time. */
const keepOpenMs = 1000;
/**
 * On a quiet machine it is found open when taken again after 16 ms, closed after 20, with 250 ticks a second (measured,
 * kernel 6.18). Other callbacks of RCU make grace periods end sooner: taken every 10 ms, one start in ten found it closed.
 */
const againMs = 4;

/** What it returns is done at once and never fails: it is a favour to the next start. */
export function cgroupWarmer(facts: CgroupFacts): () => void {
  let openUntil = 0;
  let isUnderWay = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const take = (): void => {
    clearTimeout(timer);
    const file = ownProcsFile(facts);
    if (file === undefined || performance.now() > openUntil) return;
    isUnderWay = true;
    // "0" is the writer itself: this process is put where it is already, which changes nothing and takes the lock.
    writeFile(file, "0").then(
      () => {
        isUnderWay = false;
        timer = setTimeout(take, againMs).unref();
      },
      () => (isUnderWay = false), // read-only, delegated away, gone: then starts stay as slow as they are
    );
  };
  return () => {
    openUntil = performance.now() + keepOpenMs;
    if (!isUnderWay) take();
  };
}

/** The `cgroup.procs` of the group that this process is in (cgroups(7), /proc/pid/cgroup). */
function ownProcsFile({ version, mounts }: CgroupFacts): string | undefined {
  const groups = readFileSync("/proc/self/cgroup", "utf8").split("\n");
  for (const line of groups) {
    const [, controllers = "", ...path] = line.split(":");
    const isUnified = controllers === "";
    if (isUnified !== (version === 2)) continue;
    const mount = isUnified ? Object.values(mounts)[0] : mounts[controllers.split(",")[0] ?? ""];
    if (mount !== undefined && path.length > 0) return join(mount, path.join(":"), "cgroup.procs");
  }
  return undefined;
}
