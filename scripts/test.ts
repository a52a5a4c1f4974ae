// Runs every suite one after the other: `bun scripts/test.ts [suite…]`. Each suite has a time limit, its output is shown as
// it comes, its counts are taken from its summary. Then it looks whether anything was left on the machine, and shows again
// what failed: of a long output often only the end is kept.
import { join } from "node:path";
import { leftovers } from "../test/harness/leftovers.ts";

type Suite = { readonly name: string; readonly command: readonly string[]; readonly timeoutMinutes: number };
type Result = { readonly passed: number; readonly failed: number; readonly failures?: readonly string[] };

const root = join(import.meta.dir, "..");
const bunTest = (folder: string): string[] => ["bun", "test", "--timeout", "60000", folder];

const suites: readonly Suite[] = [
  { name: "checks", command: ["bun", "scripts/ok.ts", "--no-unit-tests"], timeoutMinutes: 5 },
  { name: "unit", command: bunTest("./src"), timeoutMinutes: 5 },
  { name: "kernel", command: bunTest("./test/kernel"), timeoutMinutes: 10 },
  { name: "api", command: bunTest("./test/api"), timeoutMinutes: 20 },
  { name: "fuzz", command: bunTest("./test/fuzz"), timeoutMinutes: 10 },
  { name: "crash", command: bunTest("./test/crash"), timeoutMinutes: 15 },
];

const linesPerFailure = 40;

/** Anything that a Sampan made, under whatever instance's name. */
const anySampan = {
  path: (path: string) => /^\/(tmp\/sampan-|run\/sampan\/|var\/lib\/sampan\/)/.test(path),
  link: ({ ifname, ifalias = "" }: { ifname: string; ifalias?: string }) =>
    ifalias.startsWith("sampan") || /^(sampan0|sp[0-9a-f]{6}0)$/.test(ifname),
  rule: (line: string) => line.includes("SAMPAN"),
  cgroup: (name: string) => name === "sampan" || name.startsWith("sampan-"),
};

/** Shows a stream as it comes and keeps it. */
async function shown(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const piece = decoder.decode(chunk, { stream: true });
    process.stdout.write(piece);
    text += piece;
  }
  return text;
}

/** Counts from "12 pass" and "1 fail" lines (bun test) or "12 passed, 1 failed" (our own checks). */
function countsOf(output: string): Result {
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? 0);
  return {
    passed: number(/^ *(\d+) pass(?:ed, \d+ failed)?$/m),
    failed: number(/^ *(?:\d+ passed, )?(\d+) fail(?:ed)?$/m),
  };
}

/** The failed tests of a suite as `bun test` shows them: what went wrong, then the test's name. */
function failuresOf(output: string): string[] {
  const failures: string[] = [];
  let lines: string[] = [];
  for (const line of output.split("\n")) {
    if (/^\d+ tests? failed:$/.test(line)) break; // names again
    lines.push(line);
    if (line.startsWith("(fail)")) failures.push(lines.slice(-linesPerFailure).join("\n").trim());
    if (/^\((pass|fail|skip|todo)\)|\.test\.ts:$/.test(line)) lines = [];
  }
  return failures;
}

async function run({ name, command, timeoutMinutes }: Suite): Promise<Result> {
  console.log(`\n=== ${name}: ${command.join(" ")}`);
  const startedAt = performance.now();
  const child = Bun.spawn([...command], {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMinutes * 60_000,
  });
  const outputs = await Promise.all([shown(child.stdout), shown(child.stderr)]);
  const exitCode = await child.exited;
  const { passed, failed } = countsOf(outputs.join("\n"));
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  // A suite that died, timed out or ran nothing has failed even if no test of it did.
  const broken = failed === 0 && (exitCode !== 0 || passed === 0) ? 1 : 0;
  const why = broken ? ` (exit code ${exitCode}${passed === 0 ? ", ran no test" : ""})` : "";
  console.log(`--- ${name}: ${passed} passed, ${failed + broken} failed in ${seconds} s${why}`);
  return { passed, failed: failed + broken, failures: outputs.flatMap(failuresOf) };
}

const wanted = process.argv.slice(2);
const before = new Set(await leftovers(anySampan));
const results: Result[] = [];
for (const suite of suites)
  if (wanted.length === 0 || wanted.includes(suite.name)) results.push(await run(suite));

const left = (await leftovers(anySampan)).filter((line) => !before.has(line));
console.log(`\n=== nothing is left on the machine: ${left.length === 0 ? "ok" : `FAIL\n${left.join("\n")}`}`);
results.push(left.length === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });

for (const failure of results.flatMap(({ failures = [] }) => failures)) console.log(`\n${failure}`);

const total = (key: "passed" | "failed"): number => results.reduce((sum, result) => sum + result[key], 0);
console.log(`\n${total("passed")} passed, ${total("failed")} failed`);
process.exitCode = total("failed") === 0 && results.length > 1 ? 0 : 1;
