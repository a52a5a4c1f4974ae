import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processStartTime } from "../sys/process.ts";
import { stateFiles, writeState } from "./container-state.ts";
import { runLxcRuntime } from "./lxc-runtime.ts";

const root = mkdtempSync(join(tmpdir(), "sampan-lxc-tools-"));
afterAll(() => rmSync(root, { recursive: true }));

/** A container whose first process is said to have begun then. */
function container(id: string, pid: number, startTime: string): void {
  mkdirSync(stateFiles(root, id).folder);
  writeState(stateFiles(root, id), {
    pid,
    startTime,
    monitor: { pid, startTime },
    cgroupsPath: "/",
    capabilities: [],
  });
}

test("kill: a process that has only the number of the container's is left alone", async () => {
  await using sleeper = Bun.spawn(["sleep", "60"]);
  container("gone", sleeper.pid, "1");
  expect(runLxcRuntime(["--root", root, "kill", "gone", "9"])).toBe(0);
  expect(await Promise.race([sleeper.exited, Bun.sleep(100).then(() => "lives")])).toBe("lives");
  container("there", sleeper.pid, processStartTime(sleeper.pid) ?? "");
  expect(runLxcRuntime(["--root", root, "kill", "there", "9"])).toBe(0);
  await sleeper.exited;
  expect(sleeper.signalCode).toBe("SIGKILL");
});
