// The same engine through python's docker library (Debian: python3-docker), as scripts and Ansible use it. The cases
// are in docker-py.py; each is run with the library's own API version, the one the engine names to it, and the newest.
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { output, run } from "../harness/command.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage } from "../harness/images.ts";

const script = join(import.meta.dir, "docker-py.py");
const python = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
const engine = await engineForTests();
const cases = JSON.parse(
  await output([python, script, "--list", engine.socket, testImage, "1.41"]),
) as string[];

const { ApiVersion } = (await engine.api("GET", "/version")).json() as { ApiVersion: string };

describe.each(["1.41", "auto", ApiVersion])("API version %s", (version) => {
  test.each(cases)("%s", async (name) => {
    const { exitCode, stdout, stderr } = await run([python, script, name, engine.socket, testImage, version]);
    if (exitCode !== 0) await removeAll();
    expect([stdout.trim(), stderr.trim().split("\n").slice(-3)]).toEqual(["ok", [""]]);
  });
});

/** A case that failed left its containers: the next one would see them. */
async function removeAll(): Promise<void> {
  const containers = (await engine.api("GET", "/containers/json?all=1")).json() as { Id: string }[];
  for (const { Id } of containers) await engine.api("DELETE", `/containers/${Id}?force=1&v=1`);
  await engine.docker("volume", "rm", "-f", "py-life", "py-volume");
}
