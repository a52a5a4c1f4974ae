// A copy of a folder with all that a layer's files can have: owners, modes, times, links, devices, extended attributes.
import { spawn } from "node:child_process";
import { SystemError } from "../base/errors.ts";

/** `to` does not exist yet. File data is shared where the file system can (btrfs, xfs). */
export async function copyTree(from: string, to: string): Promise<void> {
  const child = spawn("cp", ["-a", "--reflink=auto", "--", from, to], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(0, 1000)));
  const status = await new Promise<string>((resolve) => {
    child.on("error", (err) => resolve(err.message));
    child.on("close", (code, signal) => resolve(String(code ?? signal)));
  });
  if (status !== "0") throw new SystemError(`cannot copy ${from}: ${said.trim() || `cp: ${status}`}`);
}
