// Takes away what a daemon keeps on purpose while it does not run (its bridge, firewall chains and the parent of its
// cgroups), and tells what else it left.
import { existsSync, readFileSync, rmdirSync } from "node:fs";
import { basename, join } from "node:path";
import { instanceOf } from "../../src/base/instance.ts";
import { eventually, run } from "./command.ts";
import { cgroups, leftovers, type Owner } from "./leftovers.ts";

export type DaemonOwner = Owner & { readonly bridge: string };

/** What a daemon with this run directory owns; `folder` holds all its folders. */
export function daemonOwner(folder: string, execRoot: string): DaemonOwner {
  const { tag, bridge, networkPrefix, chainPrefix, cgroupParent } = instanceOf(execRoot);
  return {
    path: (path) => path.startsWith(`${folder}/`),
    bridge,
    link: ({ ifname, ifalias = "" }) =>
      ifname === bridge || ifname.startsWith(networkPrefix) || ifalias.startsWith(`${tag}:`),
    rule: (line) => line.includes(chainPrefix),
    cgroup: (name) => name === basename(cgroupParent),
  };
}

/** Ends the monitor of a run directory and waits until it is gone; one that is not there is fine. */
export async function endMonitor(execRoot: string): Promise<void> {
  const pidFile = join(execRoot, "monitor.pid");
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, "utf8"));
  const lives = (): boolean => {
    const path = `/proc/${pid}/cmdline`;
    return existsSync(path) && readFileSync(path, "utf8").includes(execRoot);
  };
  if (!lives()) return;
  process.kill(pid, "SIGTERM");
  await eventually(
    () => !lives(),
    () => "the monitor to end",
    3000,
  ).catch(() => process.kill(pid, "SIGKILL"));
}

/** @returns what is left besides what is kept on purpose; that is taken away. */
export async function sweep(owner: DaemonOwner): Promise<string[]> {
  await run(["ip", "link", "delete", owner.bridge]);
  for (const program of ["iptables", "ip6tables"])
    for (const table of ["nat", "filter", "mangle", "raw"]) await removeChains(program, table, owner);
  const left = (): Promise<string[]> => {
    for (const path of cgroups()) if (owner.cgroup(basename(path))) removeEmpty(path);
    return leftovers(owner);
  };
  let last = await left();
  // Unmounts and removals may go on after their answer.
  for (let tries = 0; last.length > 0 && tries < 30; tries += 1) {
    await Bun.sleep(100);
    last = await left();
  }
  return last;
}

async function removeChains(program: string, table: string, { rule }: Owner): Promise<void> {
  const { stdout } = await run([`${program}-save`, "-t", table]);
  const lines = stdout.split("\n").filter(rule);
  if (lines.length === 0) return;
  const chains = lines.flatMap((line) => /^:(\S+)/.exec(line)?.[1] ?? []);
  const rules = lines.filter((line) => line.startsWith("-A")).map((line) => line.replace("-A", "-D"));
  const input = [`*${table}`, ...rules, ...chains.map((name) => `-X ${name}`), "COMMIT", ""].join("\n");
  const { exitCode, stderr } = await run([`${program}-restore`, "--noflush"], { input });
  if (exitCode !== 0) throw new Error(`${program}-restore: ${stderr}`);
}

function removeEmpty(cgroup: string): void {
  try {
    rmdirSync(cgroup);
  } catch {
    // It has children or processes: then it is reported as left.
  }
}
