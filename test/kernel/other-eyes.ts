// Kernel tests look at what was done with other tools' eyes: findmnt, ip, getfattr, iptables-save.
import { spawnSync } from "node:child_process";

/** Runs a tool; its standard output. What the tool says on failure is in the error. */
export function look(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", timeout: 20_000 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}

/** As `look`, for tools that answer in JSON. */
export function lookJson(program: string, ...args: readonly string[]): unknown {
  return JSON.parse(look(program, ...args));
}

/**
 * Runs the TypeScript of `script` in a process of its own: for what would change this one for good. It prints its
 * findings with `report(value)`; they come back here. `before` are the words of a program that starts it (`nsenter …`).
 */
export function inAnotherProcess(script: string, ...before: readonly string[]): unknown {
  const source = `const report = (value) => console.log("REPORT" + JSON.stringify(value));\n${script}`;
  const [program, ...args] = [...before, process.execPath, "-e", source];
  const line = look(program, ...args)
    .split("\n")
    .find((text) => text.startsWith("REPORT"));
  if (line === undefined) throw new Error("the script reported nothing");
  return JSON.parse(line.slice("REPORT".length));
}
