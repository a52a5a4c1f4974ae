// The monitor killed at any moment, and its successor: what must not be lost, and what can be known.
import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import type { TaskSpec } from "../../src/runtime/monitor-protocol.ts";
import { processStartTime } from "../../src/sys/process.ts";
import { look } from "../kernel/other-eyes.ts";
import { eventually, MonitorWorld } from "../kernel/monitor-world.ts";

let world: MonitorWorld;

beforeEach(() => {
  world = new MonitorWorld();
});

afterEach(() => world.end());

/** Linux 6.15 lets others than the parent see how a process ended (PIDFD_INFO_EXIT). */
const [major = 0, minor = 0] = release().split(".").map(Number);
const kernelTells = major > 6 || (major === 6 && minor >= 15);

async function killMonitor(): Promise<void> {
  const before = world.lost;
  process.kill(world.monitorPid, "SIGKILL");
  await eventually(() => world.lost > before);
  world.lost = 0;
}

async function started(spec: TaskSpec) {
  const outcome = await world.client.start(spec);
  if ("error" in outcome) throw new Error(outcome.error.log);
  return outcome;
}

/** A new monitor takes over. */
async function takeOver(
  spec: TaskSpec,
  { pid, startTime }: { pid: number; startTime: string },
): Promise<void> {
  await world.connect();
  await world.client.adopt(spec, pid, startTime);
  writeFileSync(join(world.root, "rootfs/tmp/taken"), "");
}

/** What a script begins with that is to wait for `go`. */
const waitForGo = (): string => `while [ ! -e ${world.root}/go ]; do sleep 0.01; done;`;
const go = (): void => writeFileSync(join(world.root, "go"), "");

/** What a script waits for that is to be there when the next monitor comes: a pipe with nobody at its ends is empty. */
const untilTakenOver = (root = join(world.root, "rootfs")): string =>
  `while [ ! -e ${root}/tmp/taken ]; do sleep 0.01; done`;

/** Distinct lines: a kill between the log and the pipe, from which a read is taken last, has that read logged twice. */
const withoutRepeats = (text: string): string => [...new Set(text.split("\n"))].join("\n");

const numbers = (to: number): string => Array.from({ length: to }, (_, i) => `${i + 1}\n`).join("");

test("a container goes on without its monitor, and the next one logs what it wrote meanwhile", async () => {
  await world.connect();
  const script = `i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo $i; sleep 0.01; done; ${untilTakenOver("")}; exit 7`;
  const spec = world.container("c", ["sh", "-c", script]);
  const running = await started(spec);
  await eventually(() => world.logged("c").includes("10\n"));
  await killMonitor();
  await Bun.sleep(100);
  expect(processStartTime(running.pid)).toBe(running.startTime);
  await takeOver(spec, running);
  expect((await world.client.list()).map(({ id, pid }) => [id, pid])).toEqual([["c", running.pid]]);
  const exit = await world.exit("c");
  expect(exit).toMatchObject(kernelTells ? { exitCode: 7, known: true } : { exitCode: 255, known: false });
  expect(world.exitRecord("c")).toMatchObject({ pid: running.pid, exitCode: exit.exitCode });
  expect(withoutRepeats(world.logged("c"))).toBe(numbers(60));
});

test("killed again and again in the middle of a fast stream, it loses not one line", async () => {
  await world.connect();
  const lines = 400_000;
  // It stays when it has written all: what a program leaves in a pipe that nobody holds is lost with it.
  const spec = world.script("s", `perl -e 'print "$_\\n" for 1 .. ${lines}'; sleep 60`);
  const running = await started(spec);
  for (let round = 0; round < 6; round++) {
    await Bun.sleep(5 + 7 * round);
    await killMonitor();
    await takeOver(spec, running);
  }
  await eventually(() => look("tail", "-n", "1", world.logPath("s")).includes(`"${lines}\\n"`), 20_000);
  const logged = world.logged("s").trimEnd().split("\n").map(Number);
  expect(new Set(logged).size).toBe(lines);
  // What was logged in the very moment of a kill may be there twice, but always in order.
  let last = 0;
  for (const line of logged) {
    expect(line <= last + 1).toBe(true);
    last = Math.max(last, line);
  }
  expect(last).toBe(lines);
}, 30_000);

test("killed after it has read and before it has logged, nothing is lost or repeated", async () => {
  await world.connect({ SAMPAN_CRASH_POINT: "output read" });
  const spec = world.script("s", `${waitForGo()} seq 1 5000; ${untilTakenOver()}; printf unfinished`);
  const running = await started(spec);
  go();
  await eventually(() => world.lost === 1);
  world.lost = 0;
  await takeOver(spec, running);
  await world.exit("s");
  expect(world.logged("s")).toBe(`${numbers(5000)}unfinished`);
});

test("killed after it has logged and before it has said so, a read may be there twice, and nothing is lost", async () => {
  await world.connect({ SAMPAN_CRASH_POINT: "output logged" });
  const spec = world.script("s", `${waitForGo()} echo one; ${untilTakenOver()}; echo two`);
  const running = await started(spec);
  go();
  await eventually(() => world.lost === 1);
  world.lost = 0;
  await takeOver(spec, running);
  await world.exit("s");
  expect(world.logged("s")).toBe("one\none\ntwo\n");
});

test("an unfinished line survives its monitor", async () => {
  await world.connect();
  const spec = world.script("s", `printf 'half '; ${untilTakenOver()}; echo whole`);
  const running = await started(spec);
  await Bun.sleep(100);
  await killMonitor();
  await takeOver(spec, running);
  await world.exit("s");
  expect(world.logged("s")).toBe("half whole\n");
});

test("half an entry in the log is repaired by the next monitor", async () => {
  await world.connect();
  const spec = world.script("s", `echo one; ${untilTakenOver()}; echo two`);
  const running = await started(spec);
  await eventually(() => world.logged("s") === "one\n");
  await killMonitor();
  appendFileSync(world.logPath("s"), '{"log":"cut in the mid');
  await takeOver(spec, running);
  await world.exit("s");
  expect(withoutRepeats(world.logged("s"))).toBe("one\ntwo\n");
});

test("killed once the exit is on disk, the record tells it", async () => {
  await world.connect({ SAMPAN_CRASH_POINT: "exit recorded" });
  const running = await started(world.script("c", `${waitForGo()} echo last words; exit 9`));
  go();
  await eventually(() => world.lost === 1);
  world.lost = 0;
  expect(world.exits).toEqual([]);
  expect(world.exitRecord("c")).toMatchObject({ pid: running.pid, exitCode: 9, known: true });
  expect(world.logged("c")).toBe("last words\n");
  await world.connect();
});

test("killed when it sees the exit, its successor says that the code is not known", async () => {
  await world.connect({ SAMPAN_CRASH_POINT: "exit seen" });
  const spec = world.script("c", `${waitForGo()} exit 9`);
  const running = await started(spec);
  go();
  await eventually(() => world.lost === 1);
  world.lost = 0;
  expect(existsSync(join(world.root, "c-exit.json"))).toBe(false);
  await eventually(() => processStartTime(running.pid) === undefined);
  await takeOver(spec, running);
  expect(await world.exit("c")).toMatchObject({ exitCode: 255, known: false });
  expect(world.exitRecord("c")).toMatchObject({ known: false });
});

test("a process that has got the pid of a task is never taken for it", async () => {
  await world.connect();
  const stranger = await started(world.script("stranger", "exec sleep 60"));
  const spec = world.script("c", "");
  await world.client.adopt(spec, stranger.pid, String(Number(stranger.startTime) - 1));
  expect(await world.exit("c")).toMatchObject({ known: false });
  expect(world.client.signal("c", 9)).rejects.toThrow("no task c is running");
  expect(processStartTime(stranger.pid)).toBe(stranger.startTime);
});

test("signals and attaches work on an adopted task, its stdin included", async () => {
  await world.connect();
  // It reads on after an end of file, as the dead monitor's end of stdin is one.
  const script = "while :; do read line && echo got $line; sleep 0.05; done";
  const spec = world.container("c", ["sh", "-c", script], { stdin: true });
  const running = await started(spec);
  await killMonitor();
  await takeOver(spec, running);
  const stream = await world.client.attach({ id: "c", stdin: true, stdout: true, stderr: true });
  let seen = "";
  stream.on("data", (piece: Buffer) => (seen += piece.toString("latin1")));
  stream.write("a word\n");
  await eventually(() => seen.includes("got a word\n"));
  await world.client.signal("c", 9);
  expect(await world.exit("c")).toMatchObject(kernelTells ? { exitCode: 137, signal: 9 } : { known: false });
});

test("a container with a terminal ends with its monitor, and that is told", async () => {
  await world.connect();
  const spec = world.container("c", ["sleep", "60"], { terminal: true });
  const running = await started(spec);
  await killMonitor();
  await takeOver(spec, running);
  const exit = await Promise.race([world.exit("c"), Bun.sleep(500)]);
  // A program that ignores the hang-up, as PID 1 does by default, goes on without a terminal.
  if (!exit) await world.client.signal("c", 9);
  expect((await world.exit("c")).exitCode).toBeGreaterThan(128);
});

test("a daemon and its monitor killed together leave the container to the next pair", async () => {
  await world.connect();
  const spec = world.container("c", ["sh", "-c", `${untilTakenOver("")}; echo done; exit 4`]);
  const running = await started(spec);
  world.client.close();
  const monitor = world.monitorPid;
  process.kill(monitor, "SIGKILL");
  await eventually(() => processStartTime(monitor) === undefined);
  await takeOver(spec, running);
  const exit = await world.exit("c");
  if (kernelTells) expect(exit.exitCode).toBe(4);
  expect(world.logged("c")).toBe("done\n");
});

test("a dead monitor's socket and lock are no hindrance", async () => {
  await world.connect();
  const first = world.monitorPid;
  await killMonitor();
  expect(readFileSync(join(world.execRoot, "monitor.pid"), "latin1")).toBe(`${first}\n`);
  await world.connect();
  expect(world.monitorPid).not.toBe(first);
  expect(await world.client.list()).toEqual([]);
});
