// Our client's `stats` and `system df` beside docker's, on any engine that serves them.
import { beforeAll, describe, expect, test } from "bun:test";
import { eventually, inTerminal, run } from "../harness/command.ts";
import { sampanExecutable } from "../harness/executable.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { byBoth } from "../harness/golden.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const env = { DOCKER_HOST: `unix://${engine.socket}` };
/** An engine that cannot measure yet says so; then there is nothing to compare. */
const serves = async (path: string) => (await engine.api("GET", path)).status !== 501;
const measures = await serves("/containers/nosuch/stats");
const countsDisks = await serves("/system/df");

beforeAll(async () => {
  const quiet = ["--network", "none", "-m", "64m"];
  await engine.ok("run", "-d", "--name", "one", ...quiet, image, "sleep", "1000");
  await engine.ok("run", "-d", "--name", "two", ...quiet, image, "sh", "-c", "sleep 1000 & wait");
  await engine.ok("create", "--name", "never", image, "true");
  await engine.docker("run", "--name", "done", image, "sh", "-c", "echo hello >/made");
  await engine.ok("volume", "create", "empty");
});
const same = (lines: string) =>
  test.each(lines.trim().split("\n"))("%s", async (line) => {
    const { ours, theirs } = await byBoth(engine, line);
    expect(ours).toEqual(theirs);
  });

describe.skipIf(!measures)("stats, the same as docker", () => {
  same(String.raw`
stats --no-stream one two
stats --no-stream one never
stats --no-stream --no-trunc --format '{{.Container}} {{.ID}} {{.Name}} {{.PIDs}} {{.NetIO}} {{.CPUPerc}}' two
stats --no-stream --format 'table {{.Name}}\t{{.MemPerc}}\t{{.MemUsage}}' one
stats --no-stream --format json one
stats --no-stream nosuch
stats --no-stream one nosuch
stats --no-stream --format '{{.Foo}}' one
`);
});

describe.skipIf(!measures)("stats, live", () => {
  test("a table that follows what starts and ends", async () => {
    const live = inTerminal([sampanExecutable(), "stats"], env);
    await live.waitFor("CONTAINER ID   NAME");
    await eventually(
      () => /one +0\.00%.*MiB/.test(live.seen()),
      () => `numbers in ${live.seen()}`,
    );
    expect(live.seen()).not.toContain("never");
    await engine.ok("run", "-d", "--name", "late", image, "sleep", "1000");
    await live.waitFor("late");
    await engine.ok("rm", "-f", "late");
    await eventually(
      () => !(live.seen().split("\u001b[H").at(-2) ?? "late").includes("late"),
      () => "a table without it",
    );
    live.type("\u0003");
    await live.child.exited;
  });

  test("ends when all that was named is gone", async () => {
    await engine.ok("run", "-d", "--name", "brief", image, "sleep", "1000");
    const watching = run([sampanExecutable(), "stats", "--format", "{{.Name}}", "brief"], { env });
    await Bun.sleep(1500);
    await engine.ok("rm", "-f", "brief");
    const { exitCode, stdout } = await watching;
    expect({ exitCode, escapes: stdout.includes("\u001b") }).toEqual({ exitCode: 0, escapes: false });
    expect(stdout).toContain("brief\n");
  });
});

describe.skipIf(!countsDisks)("system df, the same as docker", () => {
  same(String.raw`
system df
system df -v
system df --format json
system df -v --format json
system df --format '{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}'
system df --format 'table {{.Type}}\t{{.Size}}'
system df -v --format '{{range .Containers}}{{.Names}} {{.Size}} {{end}}'
system df -v --format '{{range .Volumes}}{{.Name}} {{.Links}} {{.Size}} {{end}}'
system df --format '{{.Foo}}'
`);
});
