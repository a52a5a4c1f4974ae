// Runs the programs that change the host's firewall, one after the other and never for long.
import { execFile } from "node:child_process";
import { SystemError } from "../base/errors.ts";

const timeoutMs = 20_000;
/** A service manager may give a PATH without the folders of administration tools. */
export const searchPath = `${process.env["PATH"] ?? "/usr/bin:/bin"}:/usr/sbin:/sbin`;

/** Its standard output. `onStarted` hears its pid, by which its changes can be told from others'. */
export function runFirewallProgram(
  program: string,
  args: readonly string[],
  input: string,
  onStarted: (pid: number) => void = () => {},
): Promise<string> {
  const env = { ...process.env, PATH: searchPath };
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { env, timeout: timeoutMs, maxBuffer: 2 ** 28 },
      (err, stdout, stderr) => {
        if (err === null) resolve(stdout);
        else reject(new SystemError(`${program}: ${stderr.trim() || err.message}`, { cause: err }));
      },
    );
    if (child.pid !== undefined) onStarted(child.pid);
    // A tool that ended early does not read its input: what it said on the way out is the error to tell.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}
