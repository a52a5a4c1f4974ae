// kill -9 in the middle of the start of a container with a volume's subpath: what was mounted for the start goes, and the
// volume's files stay.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../harness/command.ts";
import { startDaemon, type Daemon } from "../harness/daemon.ts";

const image = "host/busybox";
const mount = "type=volume,src=tree,dst=/d,volume-subpath=a/b";
let daemon: Daemon;
let data = "";

beforeAll(async () => {
  daemon = await startDaemon();
  await daemon.ok("run", "--rm", image, "true");
  await daemon.ok("volume", "create", "tree");
  data = await daemon.ok("volume", "inspect", "-f", "{{.Mountpoint}}", "tree");
  mkdirSync(join(data, "a/b"), { recursive: true });
  writeFileSync(join(data, "a/b/file"), "kept\n");
}, 60_000);
afterAll(() => daemon.stop(), 60_000);

/** Where subpaths are mounted on the host. */
const mounted = (): string[] =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((place) => place.startsWith(daemon.execRoot) && place.includes("/subpaths/"));

/** A container in whose start the daemon has died at `point`. */
async function cutOff(point: string): Promise<string> {
  await daemon.kill9();
  await daemon.start({ SAMPAN_CRASH_POINT: point });
  const id = await daemon.ok("create", "--mount", mount, image, "sleep", "1000");
  expect((await daemon.docker("start", id)).exitCode).not.toBe(0);
  expect(mounted()).toEqual([join(daemon.execRoot, "tasks", id, "subpaths/0")]);
  return id;
}

test.each([["the daemon"], ["daemon and monitor"]])(
  "%s: a start that was cut off leaves nothing",
  async (who) => {
    const id = await cutOff("subpath mounted");
    if (who !== "the daemon") process.kill(daemon.monitorPid(), "SIGKILL");
    await daemon.start();
    expect(mounted()).toEqual([]);
    await eventually(
      () => daemon.tasks().length === 0,
      () => `no task folders, not ${daemon.tasks().join(" ")}`,
    );
    expect(readFileSync(join(data, "a/b/file"), "utf8")).toBe("kept\n");
    await daemon.ok("start", id);
    expect(await daemon.ok("exec", id, "cat", "/d/file")).toBe("kept");
    await daemon.ok("rm", "-f", id);
  },
);

test("the daemon, when the program runs already: it is adopted with what it has mounted, and nothing is left", async () => {
  const id = await cutOff("program started");
  await daemon.start();
  expect(await daemon.ok("inspect", "-f", "{{.State.Status}}", id)).toBe("running");
  expect(mounted()).toEqual([]);
  expect(await daemon.ok("exec", id, "cat", "/d/file")).toBe("kept");
  await daemon.ok("restart", "-t", "0", id);
  expect(await daemon.ok("exec", id, "cat", "/d/file")).toBe("kept");
  await daemon.ok("rm", "-f", id);
  await eventually(
    () => daemon.tasks().length === 0,
    () => "no task folders",
  );
  expect(readFileSync(join(data, "a/b/file"), "utf8")).toBe("kept\n");
});

test("both, while it runs: a container that is gone leaves nothing, and starts again", async () => {
  await daemon.kill9();
  await daemon.start();
  const id = await daemon.ok("run", "-d", "--mount", mount, image, "sleep", "1000");
  const pid = Number(await daemon.ok("inspect", "-f", "{{.State.Pid}}", id));
  process.kill(daemon.monitorPid(), "SIGKILL");
  await daemon.kill9();
  process.kill(pid, "SIGKILL");
  await eventually(
    () => !existsSync(`/proc/${pid}`),
    () => "its end",
  );
  await daemon.start();
  expect(mounted()).toEqual([]);
  await daemon.ok("start", id);
  expect(await daemon.ok("exec", id, "cat", "/d/file")).toBe("kept");
  await daemon.ok("rm", "-f", id);
});
