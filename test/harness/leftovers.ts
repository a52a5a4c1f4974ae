// What an engine leaves in the kernel and on the machine, seen with other tools' eyes: mounts, interfaces, firewall chains,
// cgroups and processes whose names carry the owner's.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { run } from "./command.ts";

export type Owner = {
  /** Whether a path is in a folder of the owner's: for mount points and the words of command lines. */
  readonly path: (path: string) => boolean;
  readonly link: (link: Link) => boolean;
  /** Whether a line of iptables-save is about a chain of the owner's. */
  readonly rule: (line: string) => boolean;
  /** Whether a cgroup directly below a hierarchy's root is the owner's, by its name. */
  readonly cgroup: (name: string) => boolean;
};

export type Link = { readonly ifname: string; readonly ifalias?: string };

/** One line for each thing that bears the owner's name, sorted. */
export async function leftovers(owner: Owner): Promise<string[]> {
  const [interfaces, rules] = await Promise.all([links(), firewallLines()]);
  return [
    ...mounts()
      .filter(owner.path)
      .map((path) => `mount ${path}`),
    ...interfaces.filter(owner.link).map(({ ifname, ifalias = "" }) => `interface ${ifname} ${ifalias}`),
    ...rules.filter(owner.rule).map((line) => `firewall ${line}`),
    ...cgroups()
      .filter((path) => owner.cgroup(basename(path)))
      .map((path) => `cgroup ${path}`),
    ...processes()
      .filter(({ words }) => words.some(owner.path))
      .map(({ pid, words }) => `process ${pid} ${words.join(" ")}`),
  ].toSorted();
}

function mounts(): string[] {
  // Field 5 is the mount point (proc_pid_mountinfo(5)).
  const lines = readFileSync("/proc/self/mountinfo", "utf8").trimEnd().split("\n");
  return lines.map((line) => line.split(" ")[4] ?? "");
}

async function links(): Promise<Link[]> {
  const { stdout } = await run(["ip", "-j", "link", "show"]);
  return JSON.parse(stdout || "[]") as Link[];
}

async function firewallLines(): Promise<string[]> {
  const saved = await Promise.all([run(["iptables-save"]), run(["ip6tables-save"])]);
  const lines = saved.flatMap(({ stdout }) => stdout.split("\n"));
  return lines.filter((line) => line.startsWith("-A") || line.startsWith(":"));
}

/** The cgroups directly below each hierarchy's root: there the parent of an owner's containers is. */
export function cgroups(): string[] {
  const root = "/sys/fs/cgroup";
  const hierarchies = existsSync(join(root, "cgroup.controllers")) ? [root] : folders(root);
  return hierarchies.flatMap((hierarchy) => folders(hierarchy));
}

function folders(path: string): string[] {
  if (!existsSync(path)) return [];
  const entries = readdirSync(path, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(path, entry.name));
}

function processes(): { pid: number; words: string[] }[] {
  const pids = readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
  return pids.flatMap((pid) => {
    try {
      return [{ pid, words: readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0") }];
    } catch {
      return []; // It ended meanwhile.
    }
  });
}
