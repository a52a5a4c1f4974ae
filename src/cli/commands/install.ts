// `install`: this executable and a systemd unit in their places.

import { chmod, copyFile, mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buildInfo } from "../../base/build-info.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { systemdUnit } from "../install-unit.ts";
import { printLine } from "../print.ts";

const unitPath = "/etc/systemd/system/sampan.service";
const systemctlTimeoutMs = 60_000;

export async function install(
  _context: Context,
  flags: Flags,
  _operands: readonly string[],
): Promise<number> {
  if (process.getuid?.() !== 0) throw new CommandError("installing needs root: run it with sudo");
  if (buildInfo.version === "dev")
    throw new CommandError("this runs from the sources: build the executable first");
  const executable = join(flags.text("prefix"), "bin/sampan");
  if (process.execPath !== executable) {
    await place(executable, (temp) => copyFile(process.execPath, temp), 0o755);
    await printLine(`installed ${executable}`);
  }
  await place(unitPath, (temp) => writeFile(temp, systemdUnit(executable)), 0o644);
  await printLine(`installed ${unitPath}`);
  if (flags.bool("no-start")) return 0;
  if (!runningSystemd()) {
    await printLine(`systemd does not run here: start the engine with '${executable} daemon'`);
    return 0;
  }
  await systemctl("daemon-reload");
  await systemctl("enable", "--now", "sampan.service");
  await printLine("the engine runs, and starts with the machine: see 'systemctl status sampan'");
  return 0;
}

/** Whole or not at all, also where an older one is running from the same path. */
async function place(path: string, write: (temp: string) => Promise<void>, mode: number): Promise<void> {
  const temp = `${path}.${process.pid}`;
  await mkdir(dirname(path), { recursive: true });
  await write(temp);
  await chmod(temp, mode);
  await rename(temp, path);
}

/** systemd is PID 1 when it has made this directory (sd_booted(3)). */
function runningSystemd(): boolean {
  return Bun.spawnSync(["test", "-d", "/run/systemd/system"]).exitCode === 0;
}

async function systemctl(...args: readonly string[]): Promise<void> {
  const child = Bun.spawn(["systemctl", ...args], {
    stdout: "inherit",
    stderr: "inherit",
    timeout: systemctlTimeoutMs,
  });
  if ((await child.exited) !== 0) throw new CommandError(`systemctl ${args.join(" ")} failed`);
}
