// The open descriptors of a daemon and its monitor: what clients leave behind there.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { slowness } from "./command.ts";
import type { Daemon } from "./daemon.ts";

/** What each descriptor of the two processes is open on. */
export type Descriptors = { readonly daemon: readonly string[]; readonly monitor: readonly string[] };

/** When both processes have been at rest for a while: the runtime of the next start is spawned a moment after a start. */
export async function descriptorsAtRest(daemon: Daemon): Promise<Descriptors> {
  let now = descriptors(daemon);
  for (let [tries, same] = [0, 0]; tries < 100 && same < 3; tries++) {
    await Bun.sleep(50 * slowness);
    const next = descriptors(daemon);
    same = Bun.deepEquals(now, next) ? same + 1 : 0;
    now = next;
  }
  return now;
}

export function descriptors(daemon: Daemon): Descriptors {
  return { daemon: openFiles(daemon.pid()), monitor: openFiles(daemon.monitorPid()) };
}

/** What each descriptor of a process is open on. */
export function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
      return target === "anon_inode:inotify" ? watchesOf(pid, fd) : [target];
    } catch {
      return []; // Closed meanwhile.
    }
  });
}

/** Bun has one descriptor for all that is watched, and may keep it when nothing is any more: the watches count. */
function watchesOf(pid: number, fd: string): string[] {
  const lines = readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8").split("\n");
  return lines.filter((line) => line.startsWith("inotify wd:"));
}

/** Those open now; hung-up connections take a moment to be noticed, so it waits up to 10 s until there are no more than before. */
export async function descriptorsSettled(daemon: Daemon, before: Descriptors): Promise<Descriptors> {
  const hasMore = (now: Descriptors): boolean =>
    now.daemon.length > before.daemon.length || now.monitor.length > before.monitor.length;
  let now = descriptors(daemon);
  for (let tries = 0; tries < 100 && hasMore(now); tries++) {
    await Bun.sleep(100);
    now = descriptors(daemon);
  }
  return now;
}

/** Resident memory of a process in MiB. */
export function rssMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}
