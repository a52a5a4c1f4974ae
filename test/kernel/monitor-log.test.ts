// Logs as the monitor writes them for real programs, read back by the daemon's reader.
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { readLogs } from "../../src/runtime/log-reader.ts";
import { look } from "./other-eyes.ts";
import { slowness } from "../harness/command.ts";
import { eventually, MonitorWorld } from "./monitor-world.ts";

let world: MonitorWorld;

beforeEach(async () => {
  world = new MonitorWorld();
  await world.connect();
});

afterEach(() => world.end());

const query = { stdout: true, stderr: true, timestamps: false, framed: false };

async function logs(id: string): Promise<string> {
  let text = "";
  for await (const batch of readLogs(world.logPath(id), query, new AbortController().signal))
    text += Buffer.from(batch).toString();
  return text;
}

const numbers = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, i) => `${from + i}\n`).join("");

test("every line is there, in order, when the exit is told", async () => {
  await world.client.start(world.script("s", "seq 1 200000"));
  await world.exit("s");
  expect((await logs("s")) === numbers(1, 200_000)).toBe(true);
});

test("entries tell the stream and never repeat or go back in time", async () => {
  await world.client.start(world.script("s", "for i in 1 2 3 4 5 6; do echo out; echo err >&2; done"));
  await world.exit("s");
  const entries = readFileSync(world.logPath("s"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { log: string; stream: string; time: string });
  for (const { log, stream } of entries) expect(stream).toBe(log === "out\n" ? "stdout" : "stderr");
  const times = entries.map(({ time }) => time);
  expect(times).toHaveLength(12);
  expect(new Set(times).size).toBe(12);
  expect(times).toEqual(times.toSorted());
});

test("a log that rotates keeps the last files, compressed by another process", async () => {
  const log = { maxSizeBytes: 500_000, maxFiles: 4, compress: true };
  await world.client.start(world.script("s", "seq 1 50000; sleep 0.3; seq 50001 60000", { log }));
  await world.exit("s");
  const files = (): string[] => readdirSync(world.root).filter((name) => name.startsWith("s-json.log"));
  await eventually(() => files().filter((name) => name.endsWith(".gz")).length === 3 && files().length === 4);
  for (const name of files().filter((file) => file.endsWith(".gz")))
    look("gzip", "--test", join(world.root, name));
  const text = await logs("s");
  const first = Number(text.slice(0, text.indexOf("\n")));
  expect(text === numbers(first, 60_000)).toBe(true);
  expect(60_000 - first).toBeGreaterThan(15_000);
  for (const name of files()) expect(statSync(join(world.root, name)).size).toBeLessThan(500_200);
});

test("a follower sees it all through rotations of a busy log", async () => {
  const log = { maxSizeBytes: 300_000, maxFiles: 50, compress: false };
  const stopped = world.exit("s");
  await world.client.start(
    world.script("s", "for i in 1 2 3 4 5; do seq 1 10000; sleep 0.05; done", { log }),
  );
  let text = "";
  const follow = { ...query, follow: stopped };
  for await (const batch of readLogs(world.logPath("s"), follow, new AbortController().signal))
    text += Buffer.from(batch).toString();
  expect(text === numbers(1, 10_000).repeat(5)).toBe(true);
});

test("a full disk costs log lines, and neither the program nor the monitor", async () => {
  const disk = join(world.root, "disk");
  mkdirSync(disk);
  look("mount", "-t", "tmpfs", "-o", "size=128k", "sampan-test", disk);
  try {
    const log = { path: join(disk, "s.log") };
    await world.client.start(world.script("s", "seq 1 100000; exit 3", { log }));
    expect((await world.exit("s")).exitCode).toBe(3);
    const written = readFileSync(log.path, "utf8");
    expect(written).toEndWith("}\n"); // no half entry
    expect(written.length).toBeGreaterThan(60_000);
    const warnings = world.monitorLog.split("\n").filter((line) => line.includes("output dropped"));
    expect(warnings).toHaveLength(1);
    expect(world.monitorLog).toMatch(/log is not complete .*"droppedBytes":[1-9]/);
    await world.client.start(world.script("t", "echo fine"));
    await world.exit("t");
    expect(await logs("t")).toBe("fine\n");
  } finally {
    look("umount", disk);
  }
});

test("without a log nothing is written, and the program does not wait for a reader", async () => {
  await world.client.start(world.script("s", "head -c 5000000 /dev/zero", { logged: false }));
  expect((await world.exit("s")).exitCode).toBe(0);
  expect(existsSync(world.logPath("s"))).toBe(false);
});

test("200 MB in two million lines are logged in seconds, with little memory", async () => {
  const script = `exec perl -e '$l = ("x" x 99) . "\\n"; print $l for 1 .. 2000000'`;
  const before = performance.now();
  await world.client.start(world.script("s", script));
  await world.exit("s", 30_000);
  expect(performance.now() - before).toBeLessThan(8_000 * slowness); // 0.5 s when the machine is quiet
  expect(statSync(world.logPath("s")).size).toBe(2_000_000 * 170);
  const status = readFileSync(`/proc/${world.monitorPid}/status`, "latin1");
  expect(Number(/VmRSS:\s*(\d+)/.exec(status)?.[1])).toBeLessThan(90_000);
}, 40_000);
