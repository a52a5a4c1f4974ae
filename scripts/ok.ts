// `bun run ok`: everything that needs neither root nor a network, side by side. One line a check; the output of those that fail.

type Check = { readonly name: string; readonly command: readonly string[] };

const checks: readonly Check[] = [
  { name: "types", command: ["tsc", "--noEmit"] },
  { name: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "format", command: ["oxfmt", "--check"] },
  { name: "layers", command: ["bun", "scripts/layers.ts"] },
  { name: "documents", command: ["bun", "scripts/command-docs.ts", "--check"] },
  { name: "their length", command: ["bun", "scripts/document-limits.ts"] },
  { name: "dead code", command: ["knip", "--no-progress"] },
  { name: "unit tests", command: ["bun", "test", "./src"] },
];

const timeoutMs = 120_000;
const root = `${import.meta.dir}/..`;
const env = { ...process.env, PATH: `${root}/node_modules/.bin:${process.env["PATH"]}`, NO_COLOR: "1" };

async function passes({ name, command }: Check): Promise<boolean> {
  const startedAt = performance.now();
  const child = Bun.spawn([...command], {
    cwd: root,
    env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs,
  });
  const [out, err, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${exitCode === 0 ? "ok  " : "FAIL"} ${name.padEnd(10)} ${seconds.padStart(5)} s`);
  if (exitCode !== 0) console.log(`${out}${err}`.trimEnd());
  return exitCode === 0;
}

// `npm test` runs the unit tests as a suite of its own.
const wanted = process.argv.includes("--no-unit-tests") ? checks.slice(0, -1) : checks;
const results = await Promise.all(wanted.map(passes));
const passed = results.filter(Boolean).length;
console.log(`${passed} passed, ${results.length - passed} failed`);
process.exitCode = passed === results.length ? 0 : 1;
