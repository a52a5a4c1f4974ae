// Checks that imports point only downwards: one line for each import that does not, and exit code 1. Tests are free.
import { dirname, join, relative, resolve } from "node:path";
import { parseSync } from "oxc-parser";

const bottom = ["sys", "base", "spec"];
const parts = ["storage", "registry", "runtime", "netlink", "resolver", ...bottom];
const nouns = ["containers", "images", "networks", "volumes", "build"];

/** What a folder of src/ may import besides itself. The files in src/ itself are the daemon, but for main.ts. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  main: ["base", "init", "daemon", "monitor", "lxc", "cli"],
  daemon: ["api", "rcli", "engine", ...nouns, ...parts],
  // The client's commands, run in the daemon.
  rcli: ["api", "cli", "client", "engine", ...parts],
  api: ["engine", ...nouns, ...parts],
  engine: [...nouns, ...parts],
  ...Object.fromEntries(nouns.map((noun) => [noun, parts])),
  ...Object.fromEntries(
    ["storage", "registry", "runtime", "netlink", "resolver"].map((part) => [part, bottom]),
  ),
  monitor: ["runtime", ...bottom],
  lxc: ["runtime", ...bottom],
  init: ["containers", "netlink", ...bottom],
  // Of storage the tar codec, for files that are copied out of containers and into them.
  cli: ["client", "registry", "storage", ...bottom],
  client: ["base", "spec"],
  sys: ["base", "spec"],
  base: ["spec"],
  spec: [],
};

function layerOf(path: string): string {
  const [first = "", rest] = path.split("/");
  if (rest !== undefined) return first;
  return first === "main.ts" ? "main" : "daemon";
}

/** Every module that the source text names, by static import, re-export or `import()` of a literal. */
function importsOf(file: string, source: string): string[] {
  const { module } = parseSync(file, source);
  const exported = module.staticExports.flatMap(({ entries }) =>
    entries.map((entry) => entry.moduleRequest?.value),
  );
  const dynamic = module.dynamicImports.map(({ moduleRequest: { start, end } }) =>
    source.slice(start + 1, end - 1),
  );
  return [...module.staticImports.map((found) => found.moduleRequest.value), ...exported, ...dynamic].filter(
    (name) => name !== undefined,
  );
}

/** What is wrong with `file` (a path below `root`) importing `name`, or nothing. */
function complaint(root: string, file: string, name: string): string | undefined {
  const from = layerOf(file);
  if (name === "bun:ffi") return from === "sys" ? undefined : "bun:ffi belongs to sys";
  if (!name.startsWith(".")) return undefined;
  const target = relative(root, resolve(root, dirname(file), name));
  if (target === "../package.json") return undefined;
  const to = target.startsWith("..") ? target : layerOf(target);
  return from === to || mayImport[from]?.includes(to) ? undefined : `${from} may not import ${to}`;
}

const root = join(import.meta.dir, "../src");
const complaints: string[] = [];
let files = 0;
for await (const file of new Bun.Glob("**/*.ts").scan(root)) {
  if (file.endsWith(".test.ts")) continue;
  files += 1;
  for (const name of importsOf(file, await Bun.file(join(root, file)).text())) {
    const wrong = complaint(root, file, name);
    if (wrong !== undefined) complaints.push(`src/${file}: "${name}": ${wrong}`);
  }
}
for (const line of complaints.toSorted()) console.log(line);
if (files === 0) throw new Error("no source file was found");
process.exitCode = complaints.length > 0 ? 1 : 0;
