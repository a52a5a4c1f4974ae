// Makes dist/sampan: `bun scripts/build.ts [outfile]`.
//
// Chosen by measuring the start of `--version` (ms, medians): plain 36, bytecode in one chunk 11, split without bytecode 13,
// split with bytecode 8. Splitting makes every dynamic import its own chunk with its own bytecode, so that the client
// does not load the daemon's code. `--smol` and fewer JIT tiers saved no memory; a layout by profile (`bytecodeOrder`) no time.
import { mkdirSync, renameSync, utimesSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import packageJson from "../package.json";
import { mainPage } from "../src/cli/help.ts";

const root = dirname(import.meta.dir);
const outfile = resolve(process.argv[2] ?? join(root, "dist/sampan"));
const startedAt = new Date();

function git(...args: string[]): string {
  const { exitCode, stdout } = Bun.spawnSync(["git", "-C", root, ...args], { stderr: "ignore" });
  return exitCode === 0 ? stdout.toString().trim() : "";
}

function commit(): string {
  const hash = git("rev-parse", "--short=10", "HEAD");
  if (hash === "") return "unknown";
  return git("status", "--porcelain", "--", "src", "package.json") === "" ? hash : `${hash}-dirty`;
}

const temp = `${outfile}.${process.pid}`;
mkdirSync(dirname(outfile), { recursive: true });
const result = await Bun.build({
  // The second is the code of threads (src/storage/threads.ts).
  entrypoints: [join(root, "src/main.ts"), join(root, "src/storage/thread-main.ts")],
  root,
  target: "bun",
  format: "esm",
  minify: true,
  bytecode: true,
  splitting: true,
  define: {
    SAMPAN_VERSION: JSON.stringify(packageJson.version),
    SAMPAN_COMMIT: JSON.stringify(commit()),
    SAMPAN_BUILT_AT: JSON.stringify(startedAt.toISOString()),
    SAMPAN_MAIN_PAGE: JSON.stringify(mainPage(80)),
  },
  // The executable must not read files of the folder it is started in.
  // Compilation is put off until a role asks for it (src/base/jit-policy.ts).
  compile: { outfile: temp, autoloadDotenv: false, autoloadBunfig: false, jitPolicy: 100 },
});
if (!result.success) throw new AggregateError(result.logs, "the build failed");

// One rename, so that a running daemon keeps its old file and nobody starts half of a new one. The time of the file
// is the time of the build's start: a source saved while it ran is newer and gets built the next time.
utimesSync(temp, startedAt, startedAt);
renameSync(temp, outfile);
