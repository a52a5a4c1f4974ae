// kill -9 of the daemon around the end of a container: in the middle of a removal, and of a `run` in one request.
import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../harness/command.ts";
import { daemonForTests } from "../harness/for-tests.ts";

const image = "host/busybox";
const daemon = await daemonForTests();

async function diesAt(point: string): Promise<void> {
  await daemon.kill9();
  await daemon.start({ SAMPAN_CRASH_POINT: point });
}

/** No record, no folder, no mount of it, no task, no network namespace; its name is free. */
async function expectNothingOf(id: string, name: string): Promise<void> {
  expect((await daemon.api("GET", `/containers/${id}/json`)).status).toBe(404);
  await eventually(
    () =>
      !existsSync(join(daemon.root, "containers", id)) &&
      daemon.tasks().length === 0 &&
      readdirSync(join(daemon.execRoot, "netns")).length === 0,
    () => `nothing of it: ${daemon.tasks().join(" ")}`,
  );
  await daemon.ok("run", "--rm", "--name", name, image, "true");
}

test.each(["ended this moment", "runs, by force"])(
  "a removal of a container that %s dies after its record: the rest follows",
  async (which) => {
    await diesAt("container forgotten");
    const Cmd = which === "ended this moment" ? ["true"] : ["sleep", "1000"];
    const made = await daemon.api("POST", "/containers/create?name=goes", { Image: image, Cmd });
    const { Id } = made.json() as { Id: string };
    await daemon.api("POST", `/containers/${Id}/start`);
    if (which === "ended this moment") await daemon.api("POST", `/containers/${Id}/wait`);
    const removal = daemon.api("DELETE", `/containers/${Id}?force=1`);
    expect(await removal.catch(() => "cut off")).toBe("cut off");
    await daemon.start();
    await expectNothingOf(Id, "goes");
  },
);

test("a run in one request whose daemon dies in its start says so, and its program is the next daemon's", async () => {
  await diesAt("program started");
  const { exitCode, stderr } = await daemon.sampan("run", "--rm", "--name", "kept", image, "sleep", "1000");
  expect(exitCode).toBe(125);
  expect(stderr).not.toBe("");
  await daemon.start();
  expect(await daemon.ok("inspect", "-f", "{{.State.Status}}", "kept")).toBe("running");
  const id = await daemon.ok("inspect", "-f", "{{.Id}}", "kept");
  await daemon.ok("rm", "-f", "kept");
  await expectNothingOf(id, "kept");
});
