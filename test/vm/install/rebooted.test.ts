// After the reboot of an installed machine: the daemon is there, and of the containers those that their policy wants.
import { expect, test } from "bun:test";
import { docker, isActive } from "./installed-machine.ts";
import { eventually } from "../../harness/command.ts";

test("the daemon has come up with the machine", async () => {
  await eventually(
    async () => (await isActive()) === "active",
    () => "the unit to be active",
    30_000,
  );
  expect(await docker("version", "--format", "{{.Server.APIVersion}}")).toMatch(/^1\.\d+$/);
});

test.each(["always", "unless-stopped", "failing"])(
  "%s runs again, and was told to end before",
  async (name) => {
    const logs = async (): Promise<string> => docker("logs", name);
    await eventually(
      async () => (await logs()).split("up").length === 3,
      () => `a second run of ${name}`,
      10_000,
    );
    expect(await logs()).toBe("up\ntold\nup");
    expect(await docker("inspect", "-f", "{{.State.Status}}", name)).toBe("running");
    expect(await docker("exec", name, "echo", "in")).toBe("in");
  },
);

test.each([
  ["plain", 7],
  ["stopped", 137],
  ["deaf", 137],
])("%s is down, with its exit code of before", async (name, exitCode) => {
  expect(await docker("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", name)).toBe(
    `exited ${exitCode}`,
  );
});
