// Containers of LXC, with the stock client: what differs between runtimes below must not differ here.
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, run as runOnHost } from "../harness/command.ts";
import { startDaemon } from "../harness/daemon.ts";
import { loadTestImage, testImage as image } from "../harness/images.ts";

const engine = await startDaemon({ flags: ["--exec-driver", "lxc"] });
afterAll(() => engine.stop());
await loadTestImage(engine);

const { ok, docker } = engine;
const run = (...args: string[]) => docker("run", "--rm", ...args);
const stateOf = async (
  name: string,
): Promise<{ Status: string; ExitCode: number; OOMKilled: boolean; Pid: number }> =>
  JSON.parse(await ok("inspect", "-f", "{{json .State}}", name)) as never;

test("--exec-driver lxc makes it the default, --runtime chooses for one container", async () => {
  expect(await ok("info", "-f", "{{.DefaultRuntime}}")).toBe("lxc");
  await ok("run", "-d", "--name", "one", image, "sleep", "60");
  await ok("run", "-d", "--name", "two", "--runtime", "crun", image, "sleep", "60");
  expect(await ok("inspect", "-f", "{{.HostConfig.Runtime}}", "one", "two")).toBe("lxc\ncrun");
  const parents = await Promise.all(
    ["one", "two"].map(async (name) => {
      const { Pid } = await stateOf(name);
      const parent = /PPid:\t(\d+)/.exec(readFileSync(`/proc/${Pid}/status`, "utf8"))?.[1];
      return readFileSync(`/proc/${parent}/comm`, "utf8").trim();
    }),
  );
  expect(parents[0]).toContain("lxc");
  expect(parents[1]).not.toContain("lxc");
  await ok("rm", "-f", "one", "two");
});

test("output, input and exit codes", async () => {
  expect(await run(image, "sh", "-c", "echo out; echo err >&2; exit 7")).toEqual({
    exitCode: 7,
    stdout: "out\n",
    stderr: "err\n",
  });
  const input = "x".repeat(200_000);
  const copied = await engine.dockerWith({ input }, "run", "--rm", "-i", image, "cat");
  expect(copied.stdout).toBe(input);
  expect(await run(image, "true")).toMatchObject({ exitCode: 0 });
  expect(await run(image, "nosuch")).toMatchObject({ exitCode: 127 });
  expect(await run(image, "/etc/passwd")).toMatchObject({ exitCode: 126 });
  expect(await run(image, "sh", "-c", "kill -9 $$")).toMatchObject({ exitCode: 0 }); // process 1 is safe from itself
});

test("a terminal: its size, Ctrl-C, and an exec in another", async () => {
  const shell = engine.terminal("run", "--rm", "-it", "--name", "shell", image, "sh");
  shell.type("stty size; tty\r");
  await shell.waitFor("24 80");
  await shell.waitFor("/dev/pts/0");
  shell.resize(100, 40);
  await eventually(
    async () => {
      shell.type("stty size\r");
      await Bun.sleep(100);
      return shell.seen().includes("40 100");
    },
    () => "the other size",
  );
  const other = engine.terminal("exec", "-it", "shell", "sh", "-c", "tty; echo begun; sleep 20");
  await other.waitFor("/dev/pts/1");
  await other.waitFor("begun");
  other.type("\x03");
  expect(await other.child.exited).toBe(130);
  shell.type("exit 3\r");
  expect(await shell.child.exited).toBe(3);
});

test("exec: user, environment, folder, exit codes, ends by signals", async () => {
  await ok("run", "-d", "--name", "box", "-e", "A=1", image, "sleep", "60");
  const told =
    "echo $A $B $(id -un) $PWD; cat /proc/self/attr/current 2>/dev/null; ls /proc/self/fd | wc -l; exit 5";
  const exec = await docker("exec", "-u", "alice", "-e", "B=2", "-w", "/tmp", "box", "sh", "-c", told);
  expect(exec).toMatchObject({ exitCode: 5, stdout: expect.stringMatching(/^1 2 alice \/tmp\n/) as string });
  expect(await docker("exec", "box", "sh", "-c", "kill -9 $$")).toMatchObject({ exitCode: 137 });
  expect(await docker("exec", "box", "nosuch")).toMatchObject({ exitCode: 127 });
  expect(await ok("exec", "box", "sh", "-c", "cat /proc/1/cmdline | tr '\\0' ' '")).toBe("sleep 60");
  expect(await ok("exec", "box", "sh", "-c", "cat /proc/1/environ | tr '\\0' '\\n' | sort")).toMatch(
    /^A=1\nHOME=\/root\nHOSTNAME=\w+\nPATH=\S+$/,
  );
  await ok("rm", "-f", "box");
});

test("top, stats, cp, diff and an update", async () => {
  await ok("run", "-d", "--name", "box", "-m", "64m", image, "sh", "-c", "touch /made; sleep 60");
  await eventually(
    async () => (await ok("diff", "box")).includes("A /made"),
    () => "the file",
  );
  expect(await ok("top", "box", "-o", "pid,args")).toContain("sleep 60");
  expect(await ok("stats", "--no-stream", "--format", "{{.PIDs}} {{.MemUsage}}", "box")).toMatch(
    /^1 .*64MiB$/,
  );
  expect(await ok("stats", "--no-stream", "--format", "{{.NetIO}}", "box")).not.toBe("0B / 0B");
  await ok("update", "-m", "32m", "--memory-swap", "32m", "box");
  expect(await ok("stats", "--no-stream", "--format", "{{.MemUsage}}", "box")).toEndWith("32MiB");
  await ok("cp", "box:/made", join(engine.folder, "made"));
  expect(existsSync(join(engine.folder, "made"))).toBe(true);
  await ok("rm", "-f", "box");
});

describe("states", () => {
  test("stop, kill, pause, restart, wait, logs", async () => {
    const script = "trap 'echo bye; exit 4' TERM; echo up; while :; do sleep 0.05; done";
    await ok("run", "-d", "--name", "web", image, "sh", "-c", script);
    await eventually(
      async () => (await ok("logs", "web")) === "up",
      () => "the trap",
    );
    await ok("pause", "web");
    expect((await stateOf("web")).Status).toBe("paused");
    await ok("unpause", "web");
    const waiting = ok("wait", "web");
    await ok("stop", "web");
    expect(await waiting).toBe("4");
    expect(await ok("logs", "web")).toBe("up\nbye");
    await ok("start", "web");
    await ok("kill", "web");
    expect(await stateOf("web")).toMatchObject({ Status: "exited", ExitCode: 137, OOMKilled: false });
    await ok("rm", "web");
  });

  test("a program that is killed for lack of memory", async () => {
    await docker(
      "run",
      "--name",
      "fat",
      "-m",
      "16m",
      image,
      "sh",
      "-c",
      "x=xxxxxxxx; while :; do x=$x$x; done",
    );
    expect(await stateOf("fat")).toMatchObject({ Status: "exited", ExitCode: 137, OOMKilled: true });
    await ok("rm", "fat");
  });
});

describe("network", () => {
  test("a published port, a name on a user network, none, host, another's", async () => {
    await ok("network", "create", "sea");
    const answer = "while :; do echo -e 'HTTP/1.0 200 OK\\r\\n\\r\\nahoy' | nc -l -p 80 >/dev/null; done";
    await ok(
      "run",
      "-d",
      "--name",
      "web",
      "--network",
      "sea",
      "-p",
      "127.0.0.1::80",
      image,
      "sh",
      "-c",
      answer,
    );
    const port = (await ok("port", "web", "80")).split(":").at(-1);
    await eventually(
      async () =>
        (await runOnHost(["busybox", "wget", "-qO-", `http://127.0.0.1:${port}/`])).stdout === "ahoy\n",
      () => "the published port",
    );
    expect(await ok("run", "--rm", "--network", "container:web", image, "ip", "-o", "-4", "addr")).toContain(
      "eth0",
    );
    expect(await ok("run", "--rm", "--network", "none", image, "ip", "-o", "link")).not.toContain("eth0");
    const host = await ok("run", "--rm", "--network", "host", image, "readlink", "/proc/self/ns/net");
    expect(host).toBe((await runOnHost(["readlink", `/proc/${engine.pid()}/ns/net`])).stdout.trim());
    await ok("rm", "-f", "web");
    await ok("network", "rm", "sea");
  });

  test("a container in the host's network does not see the socket by which LXC takes orders", async () => {
    const sockets = await ok("run", "--rm", "--network", "host", image, "cat", "/proc/net/unix");
    expect(sockets).not.toContain("lxc");
  });
});

describe("restore", () => {
  test("the daemon is killed: containers go on, and what ended meanwhile is told", async () => {
    await ok("run", "-d", "--name", "stays", image, "sleep", "60");
    await ok("run", "-d", "--name", "ends", image, "sh", "-c", "sleep 1; exit 9");
    await engine.kill9();
    await Bun.sleep(1500);
    await engine.start();
    expect(await stateOf("stays")).toMatchObject({ Status: "running" });
    expect(await stateOf("ends")).toMatchObject({ Status: "exited", ExitCode: 9 });
    expect(await ok("exec", "stays", "echo", "here")).toBe("here");
    await ok("rm", "-f", "stays", "ends");
  });

  test("the monitor is killed, and the container ends without any: its exit code is known all the same", async () => {
    await ok("run", "-d", "--name", "ends", image, "sh", "-c", "sleep 2; exit 9");
    await engine.kill9();
    process.kill(engine.monitorPid(), "SIGKILL");
    await Bun.sleep(2500);
    await engine.start();
    expect(await stateOf("ends")).toMatchObject({ Status: "exited", ExitCode: 9 });
    await ok("rm", "ends");
  });

  test("lxc-start is killed: the container goes on, and its end is seen", async () => {
    await ok(
      "run",
      "-d",
      "--name",
      "orphan",
      image,
      "sh",
      "-c",
      "trap 'exit 6' USR1; while :; do sleep 0.05; done",
    );
    const { Pid } = await stateOf("orphan");
    const parent = /PPid:\t(\d+)/.exec(readFileSync(`/proc/${Pid}/status`, "utf8"))?.[1];
    await Bun.sleep(200);
    process.kill(Number(parent), "SIGKILL");
    await Bun.sleep(200);
    expect(await stateOf("orphan")).toMatchObject({ Status: "running" });
    await ok("kill", "-s", "USR1", "orphan");
    expect(await ok("wait", "orphan")).toBe("6");
    await ok("rm", "orphan");
  });
});

test("nothing stays behind of any of them", async () => {
  const known = () => readdirSync(join(engine.execRoot, "runtime-root/lxc"));
  await eventually(
    () => known().length === 0,
    () => `the end of ${known().join()}`,
  );
  expect(existsSync(join("/run/lxc", engine.execRoot))).toBe(false);
  const processes = async () => (await runOnHost(["ps", "-eo", "args"])).stdout;
  await eventually(
    async () => !(await processes()).includes(`${engine.execRoot}/runtime-root/lxc`),
    () => "the end of every lxc-start",
  );
});
