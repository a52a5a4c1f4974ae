// One boot of the machine that runs a folder or a file of tests.
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { boot, type Boot } from "./emulator.ts";
import type { Machine } from "./machine.ts";

export type Result = { readonly passed: number; readonly failed: number };

/** @param tests a path below test/ @returns what the summary in the machine says; a run without one is a failure. */
export async function runTests(
  machine: Machine,
  repoDisk: string,
  tests: string,
  options: Partial<Boot> = {},
): Promise<Result> {
  const log = join("/tmp", `sampan-vm-${tests.replaceAll("/", "-")}.log`);
  writeFileSync(log, "");
  let [passed, failed, exitCode] = [0, 0, -1];
  await boot(machine, repoDisk, {
    ...options,
    task: tests,
    timeoutMinutes: 120,
    onLine: (line) => {
      appendFileSync(log, `${line}\n`);
      if (/^\(fail\)|^guest: |^ *\d+ (pass|fail)$/.test(line)) console.log(line);
      passed = Number(/^ *(\d+) pass$/.exec(line)?.[1] ?? passed);
      failed = Number(/^ *(\d+) fail$/.exec(line)?.[1] ?? failed);
      exitCode = Number(/^guest: exit code (\d+)$/.exec(line)?.[1] ?? exitCode);
    },
  }).off;
  console.log(`--- ${tests}: ${passed} passed, ${failed} failed (all of it: ${log})`);
  return { passed, failed: failed === 0 && (exitCode !== 0 || passed === 0) ? 1 : failed };
}

export function addResults(results: readonly Result[]): Result {
  const total = (key: keyof Result): number => results.reduce((sum, result) => sum + result[key], 0);
  return { passed: total("passed"), failed: total("failed") };
}
