// A network and a mount namespace for one engine: its bridges, rules and mounts are its own and go with it, and every
// engine of a comparison finds the same empty world.
import { readFileSync, writeFileSync } from "node:fs";
import { eventually } from "../test/harness/command.ts";

export type World = {
  /** Words that run a program inside: `[...enter, "podman", "ps"]`. */
  readonly enter: readonly string[];
  /** A process inside, for reading /proc/<pid>/mountinfo and net. */
  readonly pid: number;
  end(): Promise<void>;
};

let programs = "";

/** Worlds that are made from now on find the programs and libraries of the system in `tree`, in place of this machine's. */
export function useProgramsOf(tree: string): void {
  programs = tree;
}

// On a hybrid of cgroup v1 and v2 crun works only where the v2 hierarchy is not to be seen.
const setUp = `
mount --make-rslave /
if [ ! -e /sys/fs/cgroup/cgroup.controllers ] && [ -d /sys/fs/cgroup/unified ]; then umount -l /sys/fs/cgroup/unified; fi
ip link set lo up
if [ -n "$1" ]; then mount --bind "$1/usr" /usr; fi
exec sleep infinity`;

/**
 * Linux's default for TCP, whatever this machine's is: one that paces itself (bbr) measures its own pauses where data moves
 * at the speed of memory. A network namespace takes the machine's when it is made, and root may not set it later.
 */
export const congestionControl = "cubic";
const machinesCongestionControl = "/proc/sys/net/ipv4/tcp_congestion_control";

export async function makeWorld(): Promise<World> {
  const machines = readFileSync(machinesCongestionControl, "latin1");
  writeFileSync(machinesCongestionControl, congestionControl);
  let child: Awaited<ReturnType<typeof unshared>>;
  try {
    child = await unshared();
  } finally {
    writeFileSync(machinesCongestionControl, machines);
  }
  const { pid } = child;
  const of = (name: string): string => `/proc/${pid}/ns/${name}`;
  return {
    enter: ["nsenter", `--net=${of("net")}`, `--mount=${of("mnt")}`],
    pid,
    end: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

async function unshared() {
  const child = Bun.spawn(["unshare", "--net", "--mount", "sh", "-c", setUp, "sh", programs], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  await eventually(
    () => readFileSync(`/proc/${child.pid}/cmdline`, "utf8").startsWith("sleep"),
    () => "the namespaces",
  );
  return child;
}
