// Putting a process into a cgroup takes a lock whose first taking waits for an RCU grace period: 8 to 28 ms on a quiet
// machine, more than all the rest of a container's start. Whoever takes the lock within the next grace period finds it open.
// So whoever sees a start coming has the lock taken by a thread of the pool: by the time the runtime needs it, it is open,
// or nearly so. Commands come in bursts (a script, a test suite, a compose file): for a moment more it is kept open.
// What is unmounted (a root file system, a network namespace) ends grace periods early, and two of those close it: so it is
// taken between them, too.
//
//   create ──► warm-up ─ ─ grace period ─ ─►│ open ─ ─ again ─ ─ again … ─ ─ ─►│ closed
//   start         mount, veth, bundle, runtime ──► cgroup.procs
//
// (kernel: cgroup_threadgroup_rwsem, a percpu rw-semaphore over rcu_sync. The mount option `favordynmods` would keep it open
// for good, and make every fork and exit on the machine dearer.)
import { closeSync, openSync, readSync, write } from "node:fs";
import { join } from "node:path";
import type { CgroupFacts } from "./cgroup.ts";

/** From the last announcement on; some 200 writes, together less than 20 ms of processor time. */
const keepOpenMs = 1000;
/**
 * On a quiet machine it is found open when taken again after 16 ms, closed after 20, with 250 ticks a second (measured,
 * kernel 6.18). Other callbacks of RCU make grace periods end sooner: taken every 10 ms, one start in ten found it closed.
 */
const againMs = 4;

/** Both are done at once and never fail: they are a favour to the next start. */
export type CgroupWarmer = {
  /** A start is coming: takes the lock, and keeps it open. */
  readonly warmUp: () => void;
  /** Something has been unmounted: takes the lock anew if it is being kept open. */
  readonly keepWarm: () => void;
};

export function cgroupWarmer(facts: CgroupFacts): CgroupWarmer {
  let openUntil = 0;
  let own: OwnGroup | undefined;
  let isUnderWay = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const take = (): void => {
    clearTimeout(timer);
    try {
      if (performance.now() > openUntil) return letGo();
      // "0" is the writer itself: this process is put where it is already, which changes nothing and takes the lock.
      write((own ??= new OwnGroup(facts)).procs(), "0", 0, "latin1", (err) => {
        isUnderWay = false;
        if (err) letGo();
        else timer = setTimeout(take, againMs).unref();
      });
      isUnderWay = true;
    } catch {
      letGo(); // read-only, delegated away, gone: then starts stay as slow as they are
    }
  };
  const letGo = (): void => {
    own?.close();
    own = undefined;
  };
  return {
    warmUp: () => {
      openUntil = performance.now() + keepOpenMs;
      if (!isUnderWay) take();
    },
    keepWarm: () => {
      if (own !== undefined && !isUnderWay) take();
    },
  };
}

/** Longer than what /proc/PID/cgroup says of a process in some fifteen hierarchies. */
const mostBytes = 16_384;

/** The group that this process is in, which others may change at any time: 200 times a second it must cost next to nothing. */
class OwnGroup {
  readonly #facts: CgroupFacts;
  readonly #self = openSync("/proc/self/cgroup", "r");
  readonly #buffer = Buffer.alloc(mostBytes);
  #seen = "";
  #procs: number | undefined;

  constructor(facts: CgroupFacts) {
    this.#facts = facts;
  }

  /** Its `cgroup.procs`, open for writing. Throws where there is none. */
  procs(): number {
    const groups = this.#buffer.toString("latin1", 0, readSync(this.#self, this.#buffer, 0, mostBytes, 0));
    if (this.#procs !== undefined && groups === this.#seen) return this.#procs;
    this.#closeProcs();
    this.#seen = groups;
    return (this.#procs = openSync(procsFile(this.#facts, groups), "w"));
  }

  close(): void {
    closeSync(this.#self);
    this.#closeProcs();
  }

  #closeProcs(): void {
    if (this.#procs !== undefined) closeSync(this.#procs);
    this.#procs = undefined;
  }
}

/** The `cgroup.procs` of the group that is named (cgroups(7), /proc/pid/cgroup). Throws where its hierarchy is not mounted. */
function procsFile({ version, mounts }: CgroupFacts, groups: string): string {
  for (const line of groups.split("\n")) {
    const [, controllers = "", ...path] = line.split(":");
    const isUnified = controllers === "";
    if (isUnified !== (version === 2)) continue;
    const mount = isUnified ? Object.values(mounts)[0] : mounts[controllers.split(",")[0] ?? ""];
    if (mount !== undefined && path.length > 0) return join(mount, path.join(":"), "cgroup.procs");
  }
  throw new Error("no hierarchy of this process's groups is mounted");
}
