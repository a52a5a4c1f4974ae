// The compiled executable under test.
import { join } from "node:path";

let known: string | undefined;

/** SAMPAN_EXECUTABLE, or dist/sampan, which the launcher makes new first if the sources are newer. */
export function sampanExecutable(): string {
  known ??= process.env["SAMPAN_EXECUTABLE"] ?? builtExecutable();
  return known;
}

function builtExecutable(): string {
  const root = join(import.meta.dir, "../..");
  const { exitCode, stderr } = Bun.spawnSync([join(root, "sampan"), "--version"], { stdin: "ignore" });
  if (exitCode !== 0) throw new Error(`./sampan --version: exit code ${exitCode}\n${stderr.toString()}`);
  return join(root, "dist/sampan");
}
