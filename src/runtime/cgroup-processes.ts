// The processes of a container's cgroup, how many the kernel killed for lack of memory, and the removal of groups that
// nobody uses any more.
import { readFileSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../base/errors.ts";
import { failedWith } from "../sys/errno.ts";
import { kill } from "../sys/process.ts";
import { cgroupFolders, controllerFolder } from "./cgroup.ts";
import type { CgroupFacts } from "./cgroup.ts";

const sigkill = 9;

/**
 * How many processes of the cgroup the kernel killed for lack of memory; 0 when the group is gone. A group below it
 * counts too on v2 (`memory.events` is hierarchical); v1 counts in the group whose limit was met.
 */
export function oomKills(facts: CgroupFacts, cgroupsPath: string): number {
  const folder = controllerFolder(facts, "memory", cgroupsPath);
  if (folder === undefined) return 0;
  return oomKillsFrom(join(folder, facts.version === 1 ? "memory.oom_control" : "memory.events"));
}

/** The same from one of these files, or from a copy. */
export function oomKillsFrom(path: string): number {
  const text = readIfThere(path);
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** Process ids in the cgroup and in the groups below it, as the host sees them. */
export function processesOf(facts: CgroupFacts, cgroupsPath: string): readonly number[] {
  // Any hierarchy will do; memory's is never shared with a group that somebody else made for CPU or devices.
  const controller = facts.mounts["memory"] === undefined ? Object.keys(facts.mounts)[0] : "memory";
  const folder = controller === undefined ? undefined : controllerFolder(facts, controller, cgroupsPath);
  return folder === undefined ? [] : [...processesBelow(folder)];
}

function processesBelow(folder: string): Set<number> {
  const pids = readIfThere(join(folder, "cgroup.procs")).split("\n").filter(Boolean).map(Number);
  return childGroups(folder).reduce((all, child) => all.union(processesBelow(child)), new Set(pids));
}

/**
 * Kills and removes every cgroup right below `parent` whose owner is not in `live`, and says which folders went. What a
 * dead daemon's runtime left half made is found by its place alone. A group that cannot be emptied stays for next time.
 */
export function removeLeftovers(
  facts: CgroupFacts,
  parent: string,
  live: ReadonlySet<string>,
): readonly string[] {
  return cgroupFolders(facts, parent).flatMap((folder) =>
    childGroups(folder).filter((group) => !live.has(ownerOf(group)) && removeGroup(group)),
  );
}

/** Kills what is in the cgroup and removes it, in every hierarchy; fine when it is not there. */
export function removeCgroup(facts: CgroupFacts, cgroupsPath: string): void {
  for (const folder of cgroupFolders(facts, cgroupsPath)) removeGroup(folder);
}

/**
 * Puts process `pid` into the cgroups that this process is in: by them an init system tells which processes end together.
 * The kernel refuses with ESRCH when there is no such process.
 */
export function joinOwnCgroups(facts: CgroupFacts, pid: number): void {
  // Lines are "hierarchy-ID:controller-list:path" (cgroups(7)); v2 has no controllers there.
  for (const line of readFileSync("/proc/self/cgroup", "utf8").trimEnd().split("\n")) {
    const [, controllers = "", ...path] = line.split(":");
    const [controller = ""] = controllers.split(",");
    const v2 = facts.version === 2 ? Object.values(facts.mounts)[0] : facts.unified;
    const mount = controller === "" ? v2 : facts.mounts[controller];
    if (mount !== undefined) writeFileSync(join(mount, path.join(":"), "cgroup.procs"), String(pid));
  }
}

/** Beside a container's own group may be others that bear its name, with more behind a dot. */
function ownerOf(group: string): string {
  return group.slice(group.lastIndexOf("/") + 1).replace(/\..*$/s, "");
}

const attempts = 20;
const pauseMs = 5;

/** A killed process leaves its group when it has been reaped, which takes a moment. */
function removeGroup(group: string): boolean {
  thawGroup(group);
  for (let attempt = 0; attempt < attempts; attempt++) {
    for (const pid of processesBelow(group)) killIfThere(pid);
    if (removeTree(group)) return true;
    Bun.sleepSync(pauseMs);
  }
  return false;
}

/** In a frozen group of v1 no signal arrives, not even SIGKILL; on v2 it does. */
export function thaw(facts: CgroupFacts, cgroupsPath: string): void {
  for (const folder of cgroupFolders(facts, cgroupsPath)) thawGroup(folder);
}

function thawGroup(group: string): void {
  const file = join(group, "freezer.state");
  if (readIfThere(file).startsWith("F")) writeFileSync(file, "THAWED");
}

function removeTree(group: string): boolean {
  const isEmpty = childGroups(group).every(removeTree);
  if (!isEmpty) return false;
  try {
    rmdirSync(group);
    return true;
  } catch (err) {
    if (hasCode(err, "ENOENT")) return true;
    if (hasCode(err, "EBUSY")) return false;
    throw err;
  }
}

function childGroups(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name));
  } catch (err) {
    if (hasCode(err, "ENOENT")) return [];
    throw err;
  }
}

function killIfThere(pid: number): void {
  try {
    kill(pid, sigkill);
  } catch (err) {
    if (!failedWith(err, "ESRCH")) throw err;
  }
}

/** ENODEV: the group went away while its file was open. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (err) {
    if (hasCode(err, "ENOENT", "ENODEV")) return "";
    throw err;
  }
}
