// What an engine leaves in the kernel and on the machine, seen with other tools' eyes: mounts, interfaces, firewall chains,
// cgroups and processes whose names carry the owner's.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.ts";

export type Owner = {
  /** Folders all of whose mounts are the owner's, and which its processes name in their arguments. */
  readonly folders: readonly string[];
  readonly interfaces: (link: Link) => boolean;
  readonly chain: (line: string) => boolean;
  readonly cgroup: (name: string) => boolean;
};

export type Link = { readonly ifname: string; readonly ifalias?: string };

/** One line for each thing that bears the owner's name, sorted. */
export async function leftovers(owner: Owner): Promise<string[]> {
  const [interfaces, chains] = await Promise.all([links(), firewallLines()]);
  return [
    ...mounts()
      .filter((path) => owner.folders.some((folder) => path.startsWith(`${folder}/`)))
      .map((path) => `mount ${path}`),
    ...interfaces
      .filter(owner.interfaces)
      .map(({ ifname, ifalias = "" }) => `interface ${ifname} ${ifalias}`),
    ...chains.filter(owner.chain).map((line) => `firewall ${line}`),
    ...cgroups()
      .filter((path) => path.split("/").some(owner.cgroup))
      .map((path) => `cgroup ${path}`),
    ...processes()
      .filter(({ args }) => owner.folders.some((folder) => args.includes(folder)))
      .map(({ pid, args }) => `process ${pid} ${args}`),
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
  const { stdout } = await run(["iptables-save"]);
  return stdout.split("\n").filter((line) => line.startsWith("-A") || line.startsWith(":"));
}

/** The cgroups down to two levels below each hierarchy's root: an owner's parent is the first. */
function cgroups(): string[] {
  const root = "/sys/fs/cgroup";
  const hierarchies = existsSync(join(root, "cgroup.controllers")) ? [root] : folders(root);
  return hierarchies.flatMap((hierarchy) => folders(hierarchy));
}

function folders(path: string): string[] {
  if (!existsSync(path)) return [];
  const entries = readdirSync(path, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(path, entry.name));
}

function processes(): { pid: number; args: string }[] {
  const pids = readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
  return pids.flatMap((pid) => {
    try {
      return [{ pid, args: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() }];
    } catch {
      return []; // It ended meanwhile.
    }
  });
}
