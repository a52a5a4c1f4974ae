// The daemon as it was started in 2013: `-d` among its flags, the pid file, the steps of its set-up.
import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, run } from "../harness/command.ts";
import { sampanExecutable } from "../harness/executable.ts";
import { daemonOwner, endMonitor, sweep } from "../harness/sweep.ts";

const executable = sampanExecutable();
const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

type Place = {
  readonly folder: string;
  readonly pidFile: string;
  readonly flags: readonly string[];
  readonly log: () => string;
};

function place(): Place {
  const folder = mkdtempSync(join(tmpdir(), "sampan-modes-"));
  folders.push(folder);
  const [pidFile, logFile] = [join(folder, "daemon.pid"), join(folder, "log")];
  writeFileSync(logFile, "");
  return {
    folder,
    pidFile,
    flags: ["-g", join(folder, "root"), "-p", pidFile, `--exec-root=${join(folder, "run")}`, "--rcli=off"],
    log: () => readFileSync(logFile, "utf8"),
  };
}

/** A daemon that is ready, and what ends it with all that it has made. */
async function started(at: Place, ...words: readonly string[]) {
  const log = Bun.file(join(at.folder, "log"));
  const child = Bun.spawn([executable, ...words], { stdin: "ignore", stdout: "ignore", stderr: log });
  await eventually(
    () => at.log().includes("daemon ready") || child.exitCode !== null,
    () => "the daemon",
  );
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await child.exited;
    const execRoot = join(at.folder, "run");
    await endMonitor(execRoot);
    expect(await sweep(daemonOwner(at.folder, execRoot))).toEqual([]);
  };
  return { child, stop };
}

test("-d anywhere among the flags: the set-up in the order of 2013, step by step in the log", async () => {
  const at = place();
  const { child, stop } = await started(at, "-D", ...at.flags, "-d");
  try {
    const steps = at
      .log()
      .split("\n")
      .filter((line) => / debug (?:opening|reading|restoring) /.test(line))
      .map((line) => / debug (\w+ \w+(?: manager)?)/.exec(line)?.[1]);
    expect(steps).toEqual([
      "opening containers",
      "opening graph",
      "opening repositories",
      "opening network manager",
      "reading auth",
      "restoring containers",
      "opening listener",
    ]);
    expect(readFileSync(at.pidFile, "utf8")).toBe(`${child.pid}\n`);
  } finally {
    await stop();
  }
  expect(existsSync(at.pidFile)).toBe(false);
});

test("a pid file of a daemon that runs keeps a second one out, with folders of its own too", async () => {
  const [first, second] = [place(), place()];
  const { child, stop } = await started(first, "-d", ...first.flags);
  try {
    const refused = await run([executable, "-d", ...second.flags, "-p", first.pidFile]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain(`pid file found, ensure that process ${child.pid} is not running`);
    expect(readFileSync(first.pidFile, "utf8")).toBe(`${child.pid}\n`);
    const same = await run([executable, "-d", ...first.flags, "-p", second.pidFile]);
    expect(same.stderr).toContain("another daemon uses");
  } finally {
    await stop();
  }
});

test("a pid file that a killed daemon has left is no hindrance", async () => {
  const at = place();
  const { child } = await started(at, "-d", ...at.flags);
  child.kill("SIGKILL");
  await child.exited;
  expect(readFileSync(at.pidFile, "utf8")).toBe(`${child.pid}\n`);
  writeFileSync(join(at.folder, "log"), "");
  const { child: next, stop } = await started(at, "-d", ...at.flags);
  expect(readFileSync(at.pidFile, "utf8")).toBe(`${next.pid}\n`);
  await stop();
});

test("a word too much is no daemon", async () => {
  const { exitCode, stderr } = await run([executable, "-d", "--rcli=off", "run"]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain("Unexpected argument 'run'");
});

test("another address than loopback is refused before anything is made", async () => {
  const at = place();
  const { exitCode, stderr } = await run([executable, "-d", ...at.flags, "--rcli=0.0.0.0:4242"]);
  expect([exitCode, stderr.includes("loopback"), existsSync(join(at.folder, "root"))]).toEqual([
    1,
    true,
    false,
  ]);
});
