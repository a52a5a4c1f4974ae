// `install`: this executable and a systemd unit in their places.

import { existsSync, readFileSync } from "node:fs";
import { chmod, copyFile, mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buildInfo } from "../../base/build-info.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { systemdUnit } from "../install-unit.ts";
import type { Output } from "../streams.ts";

const unit = "sampan.service";
const unitPath = `/etc/systemd/system/${unit}`;
const pidPath = "/run/sampan/sampan.pid";
/** As long as systemd itself gives a unit to start. */
const systemctlTimeoutMs = 90_000;
const endTryMs = 50;
const endTries = 400;

export async function install(
  { stdout }: Context,
  flags: Flags,
  _operands: readonly string[],
): Promise<number> {
  if (process.getuid?.() !== 0) throw new CommandError("installing needs root: run it with sudo");
  if (buildInfo.version === "dev")
    throw new CommandError("this runs from the sources: build the executable first");
  const executable = join(flags.text("prefix"), "bin/sampan");
  if (process.execPath !== executable) {
    await place(executable, (temp) => copyFile(process.execPath, temp), 0o755);
    await stdout.write(`installed ${executable}\n`);
  }
  await place(unitPath, (temp) => writeFile(temp, systemdUnit(executable)), 0o644);
  await stdout.write(`installed ${unitPath}\n`);
  if (flags.bool("no-start")) return 0;
  if (!runningSystemd()) {
    await stdout.write(`systemd does not run here: start the engine with '${executable} daemon'\n`);
    return 0;
  }
  await systemctl("daemon-reload");
  await endDaemonStartedByHand(stdout);
  await systemctl("enable", "--quiet", unit);
  // Not only a start: over an older one that runs, the new executable takes its place.
  await systemctl("restart", unit);
  await stdout.write("the engine runs, and starts with the machine: see 'systemctl status sampan'\n");
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

/** It would keep the unit's from its folders. Its containers go on under the next one. */
async function endDaemonStartedByHand(stdout: Output): Promise<void> {
  const pid = Number(readIfThere(pidPath) ?? 0);
  if (!pid || readIfThere(`/proc/${pid}/comm`)?.trim() !== "sampan") return;
  const child = Bun.spawn(["systemctl", "show", "--property=MainPID", "--value", unit]);
  if (Number(await child.stdout.text()) === pid) return;
  await stdout.write(`ending the daemon that runs (pid ${pid}), its containers go on\n`);
  process.kill(pid, "SIGTERM");
  for (let tries = 0; existsSync(`/proc/${pid}`); tries += 1) {
    if (tries === endTries) throw new CommandError(`the daemon that runs (pid ${pid}) does not end`);
    await Bun.sleep(endTryMs);
  }
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** systemd is PID 1 when it has made this directory (sd_booted(3)). */
function runningSystemd(): boolean {
  return existsSync("/run/systemd/system");
}

async function systemctl(...args: readonly string[]): Promise<void> {
  const child = Bun.spawn(["systemctl", ...args], {
    stdout: "inherit",
    stderr: "inherit",
    timeout: systemctlTimeoutMs,
  });
  if ((await child.exited) !== 0) throw new CommandError(`systemctl ${args.join(" ")} failed`);
}
