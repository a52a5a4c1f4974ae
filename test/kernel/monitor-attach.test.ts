// Attaching to a task: output framed or raw, input and its end, clients that are slow, gone or many.
import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Duplex } from "node:stream";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { FrameSplitter } from "../../src/spec/stdcopy.ts";
import { eventually, MonitorWorld } from "./monitor-world.ts";

let world: MonitorWorld;

beforeEach(async () => {
  world = new MonitorWorld();
  await world.connect();
});

afterEach(() => world.end());

const all = { stdin: true, stdout: true, stderr: true };

/** Collects what comes down a framed attach. */
function collect(stream: Duplex) {
  const seen = { stdout: "", stderr: "", ended: false };
  const splitter = new FrameSplitter();
  stream.on("data", (piece: Buffer) =>
    splitter.push(piece, (number, part) => {
      seen[number === 2 ? "stderr" : "stdout"] += Buffer.from(part).toString("latin1");
    }),
  );
  stream.on("end", () => (seen.ended = splitter.complete));
  return seen;
}

const ended = (stream: Duplex): Promise<unknown> => new Promise((resolve) => stream.once("end", resolve));

async function text(stream: Duplex): Promise<string> {
  let read = "";
  stream.on("data", (piece: Buffer) => (read += piece.toString()));
  await ended(stream);
  return read;
}

test("who attaches before the start gets every byte, by stream, and the end", async () => {
  const stream = await world.client.attach({ id: "c", ...all });
  const seen = collect(stream);
  await world.client.start(world.container("c", ["sh", "-c", "echo out; echo err >&2; printf no-newline"]));
  await ended(stream);
  expect(seen).toEqual({ stdout: "out\nno-newline", stderr: "err\n", ended: true });
  expect((await world.exit("c")).exitCode).toBe(0);
});

test("an unfinished line reaches clients at once, and the log when it ends", async () => {
  const stream = await world.client.attach({ id: "c", ...all });
  const seen = collect(stream);
  await world.client.start(
    world.container("c", ["sh", "-c", "printf 'name? '; read name; echo hello $name"], { stdin: true }),
  );
  await eventually(() => seen.stdout === "name? ");
  expect(world.logged("c")).toBe("");
  stream.write("sampan\n");
  await ended(stream);
  expect(seen.stdout).toBe("name? hello sampan\n");
  await world.exit("c");
  expect(world.logged("c")).toBe("name? hello sampan\n");
});

test("a write that fills the pipe behind an unfinished line, and waits there, goes on", async () => {
  const stream = await world.client.attach({ id: "c", ...all });
  const seen = collect(stream);
  const fill = "dd if=/dev/zero bs=300000 count=5 2>/dev/null";
  const script = `printf abc; sleep 0.3; ${fill}; sleep 0.3; dd if=/dev/zero bs=3000000 count=2 2>/dev/null`;
  await world.client.start(world.container("c", ["sh", "-c", script]));
  await ended(stream);
  expect(seen.stdout.length).toBe(3 + 5 * 300_000 + 2 * 3_000_000);
  await world.exit("c");
});

test("only the streams that were asked for come", async () => {
  const out = collect(await world.client.attach({ id: "c", stdin: false, stdout: true, stderr: false }));
  const err = collect(await world.client.attach({ id: "c", stdin: false, stdout: false, stderr: true }));
  await world.client.start(world.container("c", ["sh", "-c", "echo out; echo err >&2"]));
  await eventually(() => out.ended && err.ended);
  expect([out.stdout, out.stderr, err.stdout, err.stderr]).toEqual(["out\n", "", "", "err\n"]);
});

test("with stdinOnce the end of a client's input is the program's", async () => {
  const stream = await world.client.attach({ id: "c", ...all });
  const seen = collect(stream);
  await world.client.start(world.container("c", ["cat"], { stdin: true, stdinOnce: true }));
  stream.end("all there is");
  await ended(stream);
  expect(seen.stdout).toBe("all there is");
  expect((await world.exit("c")).exitCode).toBe(0);
});

test("without stdinOnce the next client can go on, and closeStdin ends it", async () => {
  await world.client.start(world.container("c", ["cat"], { stdin: true }));
  const first = await world.client.attach({ id: "c", ...all });
  const seenByFirst = collect(first);
  first.end("one\n");
  await eventually(() => seenByFirst.stdout === "one\n");
  const second = await world.client.attach({ id: "c", ...all });
  const seenBySecond = collect(second);
  second.write("two\n");
  await eventually(() => seenBySecond.stdout === "two\n" && seenByFirst.stdout === "one\ntwo\n");
  await world.client.closeStdin("c");
  expect((await world.exit("c")).exitCode).toBe(0);
});

test("an open stdin waits for clients", async () => {
  await world.client.start(world.container("c", ["cat"], { stdin: true, stdinOnce: true }));
  await Bun.sleep(100);
  expect(world.exits).toEqual([]);
});

test("input of a client that did not ask for stdin is dropped", async () => {
  await world.client.start(world.container("c", ["cat"], { stdin: true }));
  const stream = await world.client.attach({ id: "c", stdin: false, stdout: true, stderr: true });
  const seen = collect(stream);
  stream.write("not for you");
  const other = await world.client.attach({ id: "c", ...all });
  other.write("mine");
  await eventually(() => seen.stdout === "mine");
});

test("a program that closes its stdin does not stop its client", async () => {
  const stream = await world.client.attach({ id: "c", ...all });
  const seen = collect(stream);
  await world.client.start(
    world.container("c", ["sh", "-c", "exec 0<&-; sleep 0.3; echo done"], { stdin: true, stdinOnce: true }),
  );
  for (let i = 0; i < 50; i++) stream.write(Buffer.alloc(65_536));
  stream.end();
  await ended(stream);
  expect(seen.stdout).toBe("done\n");
});

test("100 MB go through cat unharmed, both ways at once", async () => {
  const block = Buffer.from(Array.from({ length: 250_000 }, (_, i) => (i * 7919) % 251));
  const [up, down] = [new Bun.CryptoHasher("sha1"), new Bun.CryptoHasher("sha1")];
  const stream = await world.client.attach({ id: "c", ...all });
  const splitter = new FrameSplitter();
  let received = 0;
  stream.on("data", (piece: Buffer) =>
    splitter.push(piece, (_, part) => {
      received += part.length;
      down.update(part);
    }),
  );
  await world.client.start(world.container("c", ["cat"], { stdin: true, stdinOnce: true, logged: false }));
  let sent = 0;
  for (let i = 0; i < 400; i++) {
    up.update(block);
    sent += block.length;
    if (!stream.write(block)) await new Promise((resolve) => stream.once("drain", resolve));
  }
  stream.end();
  await ended(stream);
  expect(received).toBe(sent);
  expect(down.digest("hex")).toBe(up.digest("hex"));
}, 30_000);

test("a client that does not read holds back its own container and no other", async () => {
  const slow = await world.client.attach({ id: "slow", ...all });
  await world.client.start(
    world.script("slow", "head -c 20000000 /dev/zero | tr '\\0' 'x'", { logged: false }),
  );
  await world.client.start(world.script("quick", "echo quick"));
  expect((await world.exit("quick")).exitCode).toBe(0);
  await Bun.sleep(200);
  expect(world.exits.map(({ id }) => id)).toEqual(["quick"]);
  const seen = collect(slow);
  await world.exit("slow");
  await eventually(() => seen.ended);
  expect(seen.stdout).toHaveLength(20_000_000);
}, 20_000);

test("an exit is told whether or not clients have read, and they still get the rest", async () => {
  const slow = await world.client.attach({ id: "s", ...all });
  await world.client.start(world.script("s", "head -c 500000 /dev/zero | tr '\\0' 'x'; echo; echo end"));
  await world.exit("s");
  expect(world.logged("s")).toHaveLength(500_000 + "\nend\n".length);
  await world.client.forget("s");
  const seen = collect(slow);
  await ended(slow);
  expect(seen.stdout).toHaveLength(500_000 + "\nend\n".length);
  expect(seen.ended).toBe(true);
});

test("a client that hangs up lets its container go on", async () => {
  const stream = await world.client.attach({ id: "s", ...all });
  await world.client.start(world.script("s", "head -c 20000000 /dev/zero; exit 5", { logged: false }));
  await Bun.sleep(100);
  expect(world.exits).toEqual([]);
  stream.destroy();
  expect((await world.exit("s")).exitCode).toBe(5);
});

test("a client that hangs up ends the input of stdinOnce", async () => {
  const stream = await world.client.attach({ id: "c", ...all });
  await world.client.start(world.container("c", ["cat"], { stdin: true, stdinOnce: true }));
  stream.destroy();
  expect((await world.exit("c")).exitCode).toBe(0);
});

test("a daemon that is killed ends nobody's input", async () => {
  await world.client.start(world.container("c", ["cat"], { stdin: true, stdinOnce: true }));
  world.client.close(); // the other one is the only daemon from here on
  const client = join(import.meta.dir, "../../src/runtime/monitor-client.ts");
  const script = `
    const { ensureMonitor } = await import(${JSON.stringify(client)});
    const { realHost } = await import(${JSON.stringify(join(import.meta.dir, "../../src/base/host.ts"))});
    const { silentLog } = await import(${JSON.stringify(join(import.meta.dir, "../../src/base/log.ts"))});
    const options = { execRoot: ${JSON.stringify(world.execRoot)}, command: ["/bin/false"], onExit() {}, onLost() {} };
    const monitor = await ensureMonitor(realHost(silentLog), options);
    const stream = await monitor.attach({ id: "c", stdin: true, stdout: true, stderr: true });
    stream.on("data", () => console.log("attached"));
    stream.write("hello\\n");
  `;
  const daemon = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => daemon.stdout.once("data", resolve));
  daemon.kill("SIGKILL");
  await Bun.sleep(300);
  await world.connect();
  const stream = await world.client.attach({ id: "c", ...all });
  const seen = collect(stream);
  stream.end("still here\n");
  await ended(stream);
  expect(seen.stdout).toBe("still here\n");
});

test("a client that waits for a start that does not come is let go", async () => {
  const abandoned = await world.client.attach({ id: "c", ...all });
  const end = text(abandoned);
  await world.client.abandon("c");
  expect(await end).toBe("");
  const failed = text(await world.client.attach({ id: "c", ...all }));
  await world.client.start(world.container("c", ["/no/such/program"]));
  expect(await failed).toBe("");
});

test("a client that will not wait gets an end unless the task runs", async () => {
  expect(await text(await world.client.attach({ id: "none", ...all, wait: false }))).toBe("");
  await world.client.start(world.container("c", ["sh", "-c", "sleep 0.2; echo late"]));
  const seen = collect(await world.client.attach({ id: "c", ...all, wait: false }));
  await eventually(() => seen.ended);
  expect(seen.stdout).toBe("late\n");
});

test("a terminal has its first size, speaks raw bytes, and can be resized", async () => {
  const options = { terminal: true, stdin: true, rows: 33, columns: 101 };
  const stream = await world.client.attach({ id: "c", ...all });
  // The runtime starts the program a moment before it lets us have the terminal.
  const script =
    'sleep 0.1; stty size; stty -echo; while read line; do [ "$line" = size ] && stty size || exit 6; done';
  const read = text(stream);
  await world.client.start(world.container("c", ["sh", "-c", script], options));
  await Bun.sleep(200);
  await world.client.resize("c", { rows: 50, columns: 120 });
  stream.write("size\n");
  await Bun.sleep(100);
  stream.write("bye\n");
  expect(await read).toBe("33 101\r\n50 120\r\n");
  expect((await world.exit("c")).exitCode).toBe(6);
  expect(world.logged("c")).toBe("33 101\r\n50 120\r\n");
});

test("a terminal's control characters are signals, and its end is the program's", async () => {
  const stream = await world.client.attach({ id: "c", ...all });
  let read = "";
  stream.on("data", (piece: Buffer) => (read += piece.toString()));
  const script = "trap 'exit 9' INT; echo ready; while :; do sleep 0.1; done";
  await world.client.start(world.container("c", ["sh", "-c", script], { terminal: true, stdin: true }));
  await eventually(() => read === "ready\r\n");
  stream.write("\u0003");
  await ended(stream);
  expect(read).toBe("ready\r\n^C");
  expect(await world.exit("c")).toMatchObject({ exitCode: 9, known: true });
});

test("much output of a terminal comes through whole", async () => {
  const stream = await world.client.attach({ id: "c", ...all });
  const read = text(stream);
  await world.client.start(world.container("c", ["seq", "1", "100000"], { terminal: true }));
  const expected = Array.from({ length: 100_000 }, (_, i) => `${i + 1}\r\n`).join("");
  expect((await read) === expected).toBe(true);
  await world.exit("c");
  expect(world.logged("c") === expected).toBe(true);
}, 20_000);
