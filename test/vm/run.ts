// `npm run test:vm [-- kernel api power-cut]`: the suites on a machine like the users' (Debian's stock kernel, pure cgroup v2),
// in emulation, then a power cut. Slow: it is for before a release, not for every change. Needs root.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "../harness/command.ts";
import { sampanExecutable } from "../harness/executable.ts";
import { boot } from "./emulator.ts";
import { makeRepoDisk, prepareMachine, type Machine } from "./machine.ts";
import { powerCut } from "./power-cut.ts";

type Result = { readonly passed: number; readonly failed: number };

const root = join(import.meta.dir, "../..");

/** Runs one folder of tests in the machine and counts what its summary says. */
async function suite(machine: Machine, repoDisk: string, task: string): Promise<Result> {
  const log = join("/tmp", `sampan-vm-${task}.log`);
  writeFileSync(log, "");
  let [passed, failed, exitCode] = [0, 0, -1];
  await boot(machine, repoDisk, {
    task,
    timeoutMinutes: 120,
    onLine: (line) => {
      appendFileSync(log, `${line}\n`);
      if (/^\(fail\)|^guest: |^ *\d+ (pass|fail)$/.test(line)) console.log(line);
      passed = Number(/^ *(\d+) pass$/.exec(line)?.[1] ?? passed);
      failed = Number(/^ *(\d+) fail$/.exec(line)?.[1] ?? failed);
      exitCode = Number(/^guest: exit code (\d+)$/.exec(line)?.[1] ?? exitCode);
    },
  }).off;
  console.log(`--- ${task}: ${passed} passed, ${failed} failed (all of it: ${log})`);
  return { passed, failed: failed === 0 && (exitCode !== 0 || passed === 0) ? 1 : failed };
}

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
  const wanted = process.argv.slice(2);
  const results: Result[] = [];
  for (const task of ["kernel", "api", "crash"])
    if (wanted.length === 0 || wanted.includes(task)) results.push(await suite(machine, repoDisk, task));
  if (wanted.length === 0 || wanted.includes("power-cut"))
    results.push(await powerCut(machine, repoDisk, folder));
  const total = (key: keyof Result): number => results.reduce((sum, result) => sum + result[key], 0);
  console.log(`\n${total("passed")} passed, ${total("failed")} failed`);
  process.exitCode = total("failed") === 0 && results.length > 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
