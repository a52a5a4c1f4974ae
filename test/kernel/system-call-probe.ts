// Makes system calls by number, in perl, which every Debian has, and tells how each of them failed.

export type Probe = {
  readonly name: string;
  /** Number and arguments. */
  readonly call: readonly number[];
  /** With which errno the filter may refuse it; undefined: it is let through to the kernel. */
  readonly refused?: readonly number[];
  /** The kernel itself has no reason to say EPERM. */
  readonly kernelAllows?: boolean;
};

/** `run` executes a perl program and gives what it wrote. The errno of each call by the probe's name, 0 for success. */
export async function errnoOfCalls(
  probes: readonly Probe[],
  run: (program: string) => Promise<string>,
): Promise<Record<string, number>> {
  // Each in a child of its own: a call that succeeds (ptrace, chroot, close_range) would disturb those after it.
  const lines = probes.map(
    ({ call }, index) =>
      `if (fork() == 0) { my $r = syscall(${call.join(",")}); printf "${index} %d\\n", $r == -1 ? $!+0 : 0; exit 0 } wait;`,
  );
  const output = await run(`$| = 1; ${lines.join("\n")}`);
  const found: Record<string, number> = {};
  for (const line of output.split("\n")) {
    const [index = "", errno = ""] = line.split(" ");
    const probe = probes[Number(index)];
    if (probe && index !== "") found[probe.name] = Number(errno);
  }
  return found;
}
