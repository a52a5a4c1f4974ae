// `npm run test:vm [-- kernel api/logs.test.ts install power-cut]`: the suites on a machine like the users' (Debian's stock
// kernel, pure cgroup v2), in emulation, then an installation and a power cut. Slow: it is for before a release, not for
// every change. Needs root.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { output } from "../harness/command.ts";
import { sampanExecutable } from "../harness/executable.ts";
import { install } from "./install.ts";
import { makeRepoDisk, prepareMachine, type Machine } from "./machine.ts";
import { powerCut } from "./power-cut.ts";
import { addResults, runTests, type Result } from "./suite.ts";

const root = join(import.meta.dir, "../..");

/** By name; anything else is a path below test/. */
const tasks: Readonly<
  Record<string, (machine: Machine, repoDisk: string, folder: string) => Promise<Result>>
> = { install, "power-cut": powerCut };

async function installTools(): Promise<void> {
  const tools = { "qemu-system-x86_64": "qemu-system-x86", mmdebstrap: "mmdebstrap", mke2fs: "e2fsprogs" };
  const missing = Object.entries(tools).flatMap(([program, name]) =>
    Bun.which(program) === null ? [name] : [],
  );
  if (missing.length === 0) return;
  console.error(`installing ${missing.join(" ")}`);
  await output(["apt-get", "install", "-y", "-qq", "--no-install-recommends", ...missing], {
    timeoutMs: 600_000,
  });
}

await installTools();
sampanExecutable();
const machine = await prepareMachine();
const folder = mkdtempSync("/var/tmp/sampan-vm-run-");
try {
  const repoDisk = join(folder, "repo.img");
  await makeRepoDisk(root, repoDisk);
  const named = process.argv.slice(2);
  const wanted = named.length > 0 ? named : ["kernel", "api", "crash", "install", "power-cut"];
  const results: Result[] = [];
  for (const name of wanted) {
    const task = tasks[name];
    results.push(await (task ? task(machine, repoDisk, folder) : runTests(machine, repoDisk, name)));
  }
  const { passed, failed } = addResults(results);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
