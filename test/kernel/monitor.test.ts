// The monitor's life of a task: start, exit, records, commands; with real containers and real processes.
import { afterEach, beforeEach, expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { ConflictError, NotFoundError } from "../../src/base/errors.ts";
import { monitorFiles, stdioFiles } from "../../src/runtime/monitor-protocol.ts";
import { slowness } from "../harness/command.ts";
import { eventually, monitorCommand, MonitorWorld } from "./monitor-world.ts";

let world: MonitorWorld;

beforeEach(async () => {
  world = new MonitorWorld();
  await world.connect();
});

afterEach(() => world.end());

/** What the monitor has open, when it has done all that it was at. */
async function openFiles(): Promise<number> {
  await world.client.list();
  return readdirSync(`/proc/${world.monitorPid}/fd`).length;
}

const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, "latin1");

async function started(spec: Parameters<typeof world.client.start>[0]) {
  const outcome = await world.client.start(spec);
  if ("error" in outcome) throw new Error(`${outcome.error.exitCode}: ${outcome.error.log}`);
  return outcome;
}

test("a start is answered with the program's pid and start time, its end with the exit code", async () => {
  const { pid, startTime } = await started(
    world.container("c", ["sh", "-c", `sleep ${0.2 * slowness}; exit 7`]),
  );
  await eventually(() => commandOf(pid).startsWith("sh\0-c")); // crun ends a moment before it becomes the program
  expect(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ")[19]).toBe(startTime);
  const exit = await world.exit("c");
  expect(exit).toMatchObject({ exitCode: 7, known: true });
  expect(exit.finishedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  expect(world.exitRecord("c")).toEqual({
    id: "c",
    pid,
    startTime,
    exitCode: 7,
    finishedAt: exit.finishedAt,
    known: true,
  });
});

test("a program that ends before its runtime does is no failure", async () => {
  for (let round = 0; round < 10; round++) {
    await started(world.container(`c${round}`, ["sh", "-c", "echo done; exit 3"]));
    expect((await world.exit(`c${round}`)).exitCode).toBe(3);
    expect(world.logged(`c${round}`)).toBe("done\n");
  }
});

test("a program ended by a signal has 128 + n as its exit code", async () => {
  await started(world.container("c", ["sleep", "60"]));
  await world.client.signal("c", 9);
  expect(await world.exit("c")).toMatchObject({ exitCode: 137, signal: 9 });
  expect(world.client.signal("c", 9)).rejects.toBeInstanceOf(NotFoundError);
});

test("a runtime that fails is told with its exit code and its words, and leaves nothing", async () => {
  const spec = world.container("c", ["/no/such/program"]);
  const before = await openFiles();
  const outcome = await world.client.start(spec);
  expect(outcome).toMatchObject({ error: { kind: "runtime", exitCode: 1 } });
  if ("error" in outcome) expect(outcome.error.log).toContain("/no/such/program");
  for (const fifo of Object.values(stdioFiles(spec.dir))) expect(existsSync(fifo)).toBe(false);
  expect(await openFiles()).toBe(before);
  expect(await world.client.list()).toEqual([]);
});

test("what a runtime says on stderr is told too", async () => {
  const spec = world.script("s", "");
  const command = { argv: ["/bin/sh", "-c", "echo out of luck >&2; exit 42"] };
  expect(await world.client.start({ ...spec, command })).toEqual({
    error: { kind: "runtime", exitCode: 42, log: "out of luck\n" },
  });
});

test("a runtime that is not there is an error of the request", async () => {
  const spec = world.script("s", "");
  const start = world.client.start({ ...spec, command: { argv: ["/no/such/runtime"] } });
  expect(start).rejects.toThrow("/no/such/runtime");
  for (const fifo of Object.values(stdioFiles(spec.dir))) expect(existsSync(fifo)).toBe(false);
});

test("starts go on side by side", async () => {
  const slow = { argv: ["/bin/sh", "-c", `sleep ${0.3 * slowness}; exit 1`] };
  const before = performance.now();
  const starts = Array.from({ length: 8 }, (_, i) =>
    world.client.start({ ...world.script(`s${i}`, ""), command: slow }),
  );
  await Promise.all(starts);
  expect(performance.now() - before).toBeLessThan(1500 * slowness);
});

test("ten containers started at once all run and all end with their own code", async () => {
  const ids = Array.from({ length: 10 }, (_, i) => `c${i}`);
  await Promise.all(ids.map((id, i) => started(world.container(id, ["sh", "-c", `echo ${id}; exit ${i}`]))));
  for (const [i, id] of ids.entries()) {
    expect((await world.exit(id)).exitCode).toBe(i);
    expect(world.logged(id)).toBe(`${id}\n`);
  }
});

for (const runtime of ["crun", "runc"] as const) {
  test(`${runtime}: a container's output, error output and exit code come through`, async () => {
    await started(world.container("c", ["sh", "-c", "echo out; echo err >&2; exit 5"], { runtime }));
    expect(await world.exit("c")).toMatchObject({ exitCode: 5, known: true });
    expect(world.logged("c").split("\n").toSorted()).toEqual(["", "err", "out"]);
  });

  test(`${runtime}: another program in a container is a task like any other`, async () => {
    await started(world.container("c", ["sleep", "60"], { runtime }));
    const options = { runtime, stdin: true, stdinOnce: true, logged: false };
    const stream = await world.client.attach({ id: "e", stdin: true, stdout: true, stderr: true });
    await started(world.exec("e", "c", ["sh", "-c", "cat; exit 6"], options));
    stream.end("hello");
    const [frame] = await once(stream, "data");
    expect((frame as Buffer).subarray(8).toString()).toBe("hello");
    expect((await world.exit("e")).exitCode).toBe(6);
    const missing = await world.client.start(world.exec("x", "c", ["/no/such/program"], { runtime }));
    expect(missing).toMatchObject({ error: { kind: "runtime" } });
    expect((await world.client.list()).find(({ id }) => id === "c")?.exit).toBeUndefined();
  });

  test(`${runtime}: a terminal is handed over, for a container and for another program in it`, async () => {
    const options = { runtime, terminal: true, stdin: true };
    await started(world.container("c", ["sh", "-c", "tty; sleep 60"], options));
    await eventually(() => world.logged("c") === "/dev/pts/0\r\n");
    await started(world.exec("e", "c", ["sh", "-c", "tty; exit 3"], options));
    expect((await world.exit("e")).exitCode).toBe(3);
    expect(world.logged("e")).toBe("/dev/pts/1\r\n");
  });
}

test("without an open stdin the program reads an end at once", async () => {
  await started(world.container("c", ["sh", "-c", "cat; echo end"]));
  await world.exit("c");
  expect(world.logged("c")).toBe("end\n");
});

test("a program has all signals at their defaults and only its own three descriptors", async () => {
  await started(world.container("c", ["sh", "-c", "cat /proc/self/status; ls /proc/self/fd | tr '\\n' ' '"]));
  await world.exit("c");
  expect(world.logged("c")).toContain("SigIgn:\t0000000000000000");
  expect(world.logged("c")).toContain("SigBlk:\t0000000000000000");
}, 20_000);

test("stdout can be opened again by name", async () => {
  await started(
    world.container("c", ["sh", "-c", "echo again > /proc/self/fd/1; echo err > /proc/self/fd/2"]),
  );
  await world.exit("c");
  expect(world.logged("c").split("\n").toSorted()).toEqual(["", "again", "err"]);
});

test("list has what runs and what has ended until it is forgotten", async () => {
  const running = await started(world.container("a", ["sleep", "60"]));
  await started(world.container("b", ["true"]));
  await world.exit("b");
  const tasks = await world.client.list();
  expect(tasks).toContainEqual({ id: "a", terminal: false, ...running });
  expect(tasks.find(({ id }) => id === "b")?.exit).toMatchObject({ exitCode: 0, known: true });
  await world.client.forget("b");
  await world.client.forget("b");
  expect((await world.client.list()).map(({ id }) => id)).toEqual(["a"]);
});

test("a task that runs cannot be started again, one that has ended can", async () => {
  await started(world.container("a", ["sleep", "60"]));
  expect(world.client.start(world.script("a", ""))).rejects.toBeInstanceOf(ConflictError);
  await started(world.script("s", "exit 1"));
  await world.exit("s");
  world.exits.length = 0;
  await started(world.script("s", "exit 2"));
  expect((await world.exit("s")).exitCode).toBe(2);
});

test("a start under way is listed when it is decided", async () => {
  const spec = world.script("s", "sleep 60");
  const argv = ["/bin/sh", "-c", 'sleep 0.2; exec "$@"', "slowly", ...spec.command.argv];
  const start = world.client.start({ ...spec, command: { argv } });
  expect((await world.client.list()).map(({ id }) => id)).toEqual(["s"]);
  await start;
});

test("processes left behind do not keep the exit waiting", async () => {
  await started(world.script("s", `sleep ${5 * slowness} & echo started; exit 4`));
  const before = performance.now();
  expect((await world.exit("s")).exitCode).toBe(4);
  expect(performance.now() - before).toBeLessThan(1500 * slowness);
  expect(world.logged("s")).toBe("started\n");
});

test("an exit leaves no descriptor, FIFO or child behind", async () => {
  const before = await openFiles();
  for (let i = 0; i < 5; i++) {
    await started(world.container(`c${i}`, ["sh", "-c", "echo hello"], { stdin: true }));
    await world.exit(`c${i}`);
  }
  expect(await openFiles()).toBe(before);
  for (let i = 0; i < 5; i++)
    expect(readdirSync(`${world.execRoot}/tasks/c${i}`).filter((name) => name.startsWith("std"))).toEqual([]);
  const children = `/proc/${world.monitorPid}/task/${world.monitorPid}/children`;
  await eventually(() => readFileSync(children, "latin1") === "", 15_000);
}, 20_000);

test("orphans of a container in the host's pid namespace are reaped, with the next start at the latest", async () => {
  const orphans = "(sleep 0.3 &); (sleep 0.3 &); sleep 60";
  const { pid } = await started(world.container("c", ["sh", "-c", orphans], { hostPids: true }));
  const children = (): string[] =>
    readFileSync(`/proc/${world.monitorPid}/task/${world.monitorPid}/children`, "latin1").trim().split(" ");
  await Bun.sleep(600);
  const next = await started(world.script("s", "exec sleep 60"));
  await eventually(() => children().length === 2, 15_000);
  expect(
    children()
      .map(Number)
      .toSorted((a, b) => (a < b ? -1 : 1)),
  ).toEqual([pid, next.pid].toSorted((a, b) => (a < b ? -1 : 1)));
}, 20_000);

test("commands run side by side, with their output and exit code", async () => {
  const { client } = world;
  // None of them ends before all have begun.
  const here = (i: number): string => `${world.execRoot}/command-${i}`;
  const meet = `until [ ${[1, 2, 3, 4].map((i) => `-e ${here(i)}`).join(" -a ")} ]; do sleep 0.05; done`;
  const results = await Promise.all(
    [1, 2, 3, 4].map((i) =>
      client.run({ argv: ["/bin/sh", "-c", `touch ${here(i)}; ${meet}; echo ${i}; echo e >&2; exit ${i}`] }),
    ),
  );
  for (const [i, result] of results.entries())
    expect(result).toEqual({ exitCode: i + 1, stdout: `${i + 1}\n`, stderr: "e\n", timedOut: false });
});

test("a command that takes too long is killed with all it started", async () => {
  const marker = `sleep ${50_000 + (process.pid % 10_000)}`;
  const result = await world.client.run({ argv: ["/bin/sh", "-c", `${marker} & ${marker}; true`] }, 200);
  expect(result).toMatchObject({ timedOut: true, exitCode: 137 });
  const still = spawnSync("pgrep", ["-f", marker], { encoding: "utf8" }).stdout;
  expect(still).toBe("");
});

test("a command's output is cut at a limit, and the command goes on", async () => {
  const result = await world.client.run({ argv: ["/bin/sh", "-c", "yes | head -c 5000000; echo end >&2"] });
  expect(result.exitCode).toBe(0);
  expect(result.stdout).toHaveLength(1 << 20);
  expect(result.stderr).toBe("end\n");
});

test("a command is given its stdin and its environment, and nothing else", async () => {
  const stdin = "x".repeat(300_000);
  const counted = await world.client.run({ argv: ["/usr/bin/wc", "-c"], stdin });
  expect(counted.stdout.trim()).toBe("300000");
  const env = await world.client.run({ argv: ["/usr/bin/env"], env: { ONLY: "this" } });
  expect(env.stdout).toBe("ONLY=this\n");
  const none = await world.client.run({ argv: ["/bin/cat"] });
  expect(none.stdout).toBe("");
  expect(world.client.run({ argv: ["/no/such/command"] })).rejects.toThrow("/no/such/command");
});

test("a second monitor for the same run directory refuses to start", async () => {
  const [program = "", ...args] = monitorCommand;
  const second = spawnSync(program, [...args, "--exec-root", world.execRoot], { encoding: "utf8" });
  expect(second.status).toBe(1);
  expect(second.stderr).toContain("another monitor is alive");
  expect(await world.client.list()).toEqual([]);
});

test("who does not speak the protocol is hung up on, and nobody else notices", async () => {
  await started(world.container("c", ["sleep", "60"]));
  for (const words of ["\n", "nonsense\n", "{}\n", '{"op":"dance"}\n', '{"op":"control"}\nnonsense\n', ""]) {
    const socket = connect({ path: monitorFiles(world.execRoot).socket, allowHalfOpen: true });
    socket.on("error", () => {}); // reset, when it is hung up on before all it said was read
    const closed = once(socket, "close");
    socket.resume().on("end", () => socket.destroy());
    socket.end(words);
    await closed;
  }
  const socket = connect(monitorFiles(world.execRoot).socket);
  socket.write('{"op":"control"}\n{"seq":1,"op":"dance"}\n{"seq":2,"op":"forget","id":"x"}\n');
  let answers = "";
  socket.on("data", (piece: Buffer) => (answers += piece.toString()));
  await eventually(() => answers.split("\n").length === 3);
  expect(answers).toContain(
    '{"seq":1,"ok":false,"error":{"kind":"system","message":"no request is called dance"}}',
  );
  expect(answers).toContain('{"seq":2,"ok":true,"result":{}}');
  socket.destroy();
  expect((await world.client.list()).map(({ id }) => id)).toEqual(["c"]);
});

test("quit is refused while a task runs, and ends the monitor when none does", async () => {
  await started(world.container("c", ["sleep", "60"]));
  const pid = world.monitorPid;
  expect(world.client.quit()).rejects.toBeInstanceOf(ConflictError);
  await world.client.signal("c", 9);
  await world.exit("c");
  await world.client.quit();
  await eventually(() => !existsSync(`/proc/${pid}`));
  await world.connect();
});

test("every daemon that is connected hears of an exit", async () => {
  const first = world.client;
  const seen: string[] = [];
  await world.connect({}, (exit) => seen.push(exit.id));
  const second = world.client;
  await first.start(world.container("c", ["true"]));
  await world.exit("c");
  await eventually(() => seen.includes("c"));
  first.close();
  await second.forget("c");
});

test("a daemon's end is no task's: a new one finds them all", async () => {
  const running = await started(world.container("a", ["sleep", "60"]));
  world.client.close();
  await world.connect();
  expect(await world.client.list()).toEqual([{ id: "a", terminal: false, ...running }]);
});

test("an idle task costs the monitor a few descriptors", async () => {
  const before = await openFiles();
  const count = 10;
  for (let i = 0; i < count; i++) await started(world.script(`s${i}`, "exec sleep 60"));
  expect(((await openFiles()) - before) / count).toBeLessThanOrEqual(4);
});
