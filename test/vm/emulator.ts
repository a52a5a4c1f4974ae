// Runs the machine in software emulation (qemu's TCG), its console as text.
import type { Machine } from "./machine.ts";

export type Boot = {
  /** Handed to the guest by the kernel's command line: what it is to do. */
  readonly task: string;
  /** More disks: /dev/vdc and so on. Writes to them stay. */
  readonly disks?: readonly string[];
  /** Whether changes of the root disk stay. */
  readonly keepsRoot?: boolean;
  /** Called for each line that the guest writes on its console. */
  readonly onLine: (line: string) => void;
  readonly timeoutMinutes: number;
};

export type Running = {
  /** Resolves when the machine is off. Rejects if that takes too long. */
  readonly off: Promise<void>;
  /** What a power cut does. */
  readonly cutPower: () => void;
};

/** For the kernel, and for systemd where it runs: no messages, no questions and no login on the console. */
const quiet = "quiet systemd.show_status=false systemd.firstboot=no systemd.mask=serial-getty@ttyS0.service";

/** Boots with /dev/vda as root and /dev/vdb as the source tree, read-only. A reboot ends it. */
export function boot({ kernel, initrd, rootDisk }: Machine, repoDisk: string, options: Boot): Running {
  const drive = (file: string, more = ""): string[] => ["-drive", `file=${file},if=virtio,format=raw${more}`];
  // Not KVM: where the tests run in a virtual machine themselves, a guest may hang on it.
  const machine = ["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "4096"];
  const system = ["-nographic", "-no-reboot", "-nic", "none", "-kernel", kernel, "-initrd", initrd];
  const commandLine = `console=ttyS0 root=/dev/vda rw init=/vm-init ${quiet} panic=-1 sampan=${options.task}`;
  const drives = [
    ...drive(rootDisk, options.keepsRoot === true ? "" : ",snapshot=on"),
    ...drive(repoDisk, ",readonly=on"),
    ...(options.disks ?? []).flatMap((disk) => drive(disk)),
  ];
  const child = Bun.spawn(["qemu-system-x86_64", ...machine, ...system, "-append", commandLine, ...drives], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
    timeout: options.timeoutMinutes * 60_000,
    killSignal: "SIGKILL",
  });
  return { off: finished(child, options), cutPower: () => child.kill("SIGKILL") };
}

async function finished(child: Bun.Subprocess<"ignore", "pipe", "inherit">, { onLine }: Boot): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of child.stdout) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r*\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) if (!isNoise(line)) onLine(line);
  }
  await child.exited;
}

/** The firmware's screen control, and what the kernel says while it goes down; not its last words in a panic. */
function isNoise(line: string): boolean {
  return line.includes("\u001b") || line.startsWith("Booting from") || /^\[ *[\d.]+\] (?!.*panic)/.test(line);
}
