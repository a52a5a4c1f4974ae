// `npm run bench -- [--only run-bridge,exec] [--engines sampan,podman] [--debian trixie] [--rounds N] [--write]`: runs the
// scenarios on every engine that is asked for, prints the table, and writes it to bench/RESULTS.md when all of it was measured,
// with this machine's own packages.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { busyboxTar } from "../test/harness/images.ts";
import { startDockerd } from "./engine-dockerd.ts";
import { startPodman } from "./engine-podman.ts";
import { startSampan } from "./engine-sampan.ts";
import type { BenchEngine, EngineName } from "./engine.ts";
import { releaseTree } from "./release.ts";
import { report, type Column } from "./report.ts";
import type { Samples, Scenario } from "./scenario.ts";
import { dnsScenarios } from "./scenarios-dns.ts";
import { imageScenarios } from "./scenarios-images.ts";
import { loadScenarios } from "./scenarios-load.ts";
import { netScenarios } from "./scenarios-net.ts";
import { registryScenarios } from "./scenarios-registry.ts";
import { runScenarios } from "./scenarios-run.ts";
import { scratch } from "./scratch.ts";
import { useProgramsOf } from "./world.ts";
import { clientOutput, image } from "./work.ts";

const starters: Readonly<Record<EngineName, (parent: string) => Promise<BenchEngine>>> = {
  sampan: startSampan,
  dockerd: startDockerd,
  podman: startPodman,
};

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    engines: { type: "string", default: "sampan,dockerd,podman" },
    /** A release whose packages are used in place of this machine's: newer peers, and their runtimes for all. */
    debian: { type: "string" },
    rounds: { type: "string" },
    write: { type: "boolean", default: false },
  },
});

const chosen = values.only?.split(",");
const scenarios = [
  ...runScenarios,
  ...netScenarios,
  ...dnsScenarios,
  ...loadScenarios,
  ...imageScenarios,
  ...registryScenarios,
].filter(({ id }) => chosen?.includes(id) ?? true);
const names = values.engines.split(",").filter((name): name is EngineName => name in starters);

const results = new Map<string, Map<Column, number[]>>();
function keep(column: Column, samples: Samples): void {
  for (const [rowId, found] of Object.entries(samples)) {
    const columns = results.get(rowId) ?? new Map<Column, number[]>();
    results.set(rowId, columns);
    columns.set(column, [...(columns.get(column) ?? []), ...found]);
  }
}

async function measure(scenario: Scenario, engines: readonly BenchEngine[]): Promise<void> {
  const taking = engines.filter(({ name }) => scenario.engines?.includes(name) ?? true);
  const rounds =
    values.rounds === undefined ? scenario.rounds : Math.min(scenario.rounds, Number(values.rounds));
  console.error(`${scenario.id}: ${rounds} rounds`);
  for (const engine of taking) await scenario.setUp?.(engine);
  for (let round = -(scenario.warmUps ?? 1); round < rounds; round += 1) {
    // The first of a round differs, so that nobody always runs in another's wake.
    const order = taking.map((_, at) => taking[(at + Math.abs(round)) % taking.length]);
    for (const engine of order) {
      if (engine === undefined) continue;
      const samples = await scenario.sample(engine);
      if (round >= 0) keep(engine.name, samples);
    }
  }
  for (const engine of taking) await scenario.tearDown?.(engine);
  if (scenario.floor !== undefined) keep("floor", await scenario.floor());
}

if (values.debian !== undefined) useProgramsOf(await releaseTree(values.debian));
const engines: BenchEngine[] = [];
try {
  const tar = join(scratch, "busybox.tar");
  writeFileSync(tar, await busyboxTar());
  for (const name of names) {
    const isThere = name === "sampan" || values.debian !== undefined || Bun.which(name) !== null;
    if (!isThere)
      throw new Error(
        `${name} is not installed: apt-get install docker.io podman netavark (or leave it out by --engines)`,
      );
    const engine = await starters[name](scratch);
    engines.push(engine);
    await clientOutput(engine, "import", tar, image);
  }
  for (const scenario of scenarios) await measure(scenario, engines);
} finally {
  for (const engine of engines) await engine.stop();
  rmSync(scratch, { recursive: true, force: true });
}

const { markdown, missed } = report(
  scenarios.flatMap(({ rows }) => rows),
  results,
  engines,
  new Date(),
);
console.log(markdown);
console.log(missed === 0 ? "every target is reached" : `${missed} targets are missed`);
const isWhole = chosen === undefined && names.length === 3 && values.debian === undefined;
if (values.write || isWhole) writeFileSync(join(import.meta.dir, "RESULTS.md"), markdown);
