// An installation: `sampan install` on a machine where systemd is process 1, then a reboot from the same disk.
import { join } from "node:path";
import { output } from "../harness/command.ts";
import type { Machine } from "./machine.ts";
import { addResults, runTests, type Result } from "./suite.ts";

/** What happens before the reboot, and what must be true after it. */
const boots = ["install/installed.test.ts", "install/rebooted.test.ts"];

export async function install(machine: Machine, repoDisk: string, folder: string): Promise<Result> {
  const rootDisk = join(folder, "installed.img");
  await output(["cp", "--sparse=always", machine.rootDisk, rootDisk]);
  const results: Result[] = [];
  for (const test of boots)
    results.push(await runTests({ ...machine, rootDisk }, repoDisk, `vm/${test}`, { keepsRoot: true }));
  return addResults(results);
}
