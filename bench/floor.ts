// The same work by crun alone: what no engine can be faster than.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { output } from "../test/harness/command.ts";
import { busyboxTar } from "../test/harness/images.ts";
import { makeWorld, type World } from "./world.ts";

/** Milliseconds of each of `count` runs of `crun run` of `true`, without a network. */
export function crunRunMs(count: number): Promise<number[]> {
  return withBundle("true", async (world, folder) => {
    const took: number[] = [];
    for (let at = -2; at < count; at += 1) {
      const startedAt = performance.now();
      await finish(
        world,
        "crun",
        "--root",
        join(folder, "state"),
        "run",
        "--bundle",
        folder,
        `floor-${process.pid}`,
      );
      if (at >= 0) took.push(performance.now() - startedAt);
    }
    return took;
  });
}

/** Milliseconds of each of `count` runs of `crun exec … true`. */
export function crunExecMs(count: number): Promise<number[]> {
  return withBundle("sleep", async (world, folder) => {
    const [state, id] = [join(folder, "state"), `floor-${process.pid}`];
    await finish(world, "crun", "--root", state, "run", "--detach", "--bundle", folder, id);
    const took: number[] = [];
    for (let at = -2; at < count; at += 1) {
      const startedAt = performance.now();
      await finish(world, "crun", "--root", state, "exec", id, "true");
      if (at >= 0) took.push(performance.now() - startedAt);
    }
    await finish(world, "crun", "--root", state, "delete", "--force", id);
    return took;
  });
}

async function finish(world: World, ...command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...world.enter, ...command], { stdio: ["ignore", "ignore", "inherit"] });
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed`);
}

async function withBundle<T>(
  program: "true" | "sleep",
  work: (world: World, folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-floor-"));
  const world = await makeWorld();
  try {
    mkdirSync(join(folder, "rootfs"));
    await output(["tar", "-C", join(folder, "rootfs"), "-xf", "-"], { input: await busyboxTar() });
    await output([...world.enter, "crun", "spec", "--bundle", folder]);
    const path = join(folder, "config.json");
    const spec = (await Bun.file(path).json()) as {
      process: { terminal: boolean; args: string[]; rlimits?: unknown };
    };
    spec.process.terminal = false;
    spec.process.args = program === "true" ? ["true"] : ["sleep", "10000"];
    delete spec.process.rlimits;
    writeFileSync(path, JSON.stringify(spec));
    return await work(world, folder);
  } finally {
    await world.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
