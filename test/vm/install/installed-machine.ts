// The installed engine as a user of the machine sees it.
import { existsSync, readFileSync } from "node:fs";
import { output, run } from "../../harness/command.ts";

export const socket = "/run/sampan/sampan.sock";

/** The stock docker client, which must succeed; its output. */
export const docker = (...args: readonly string[]): Promise<string> =>
  output(["docker", "-H", `unix://${socket}`, ...args]);

/** systemd's word for the unit's state. */
export const isActive = async (): Promise<string> =>
  (await run(["systemctl", "is-active", "sampan"])).stdout.trim();

export const mainPid = async (): Promise<number> =>
  Number(await output(["systemctl", "show", "--property=MainPID", "--value", "sampan"]));

export const pidOf = async (container: string): Promise<number> =>
  Number(await docker("inspect", "-f", "{{.State.Pid}}", container));

/** A zombie is none. */
export function isAlive(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) && !/\) [ZX] /.test(readFileSync(path, "utf8"));
}
