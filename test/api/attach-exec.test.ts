// Terminals, attaching, detaching and running more programs in a container.
import { describe, expect, test } from "bun:test";
import { eventually, output, run } from "../harness/command.ts";
import { sampanExecutable } from "../harness/executable.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const { ok, docker } = engine;
const status = (id: string) => ok("inspect", "--format", "{{.State.Status}}", id);
/** Ctrl-P Ctrl-Q */
const detachKeys = "\x10\x11";

describe("a terminal", () => {
  test("has the size of the client's, follows it, and gives the exit code", async () => {
    const terminal = engine.terminal("run", "--rm", "-it", image, "sh");
    await terminal.waitFor("# ");
    terminal.type("stty size\r");
    await terminal.waitFor("24 80");
    terminal.resize(100, 30);
    await Bun.sleep(300);
    terminal.type("stty size\r");
    await terminal.waitFor("30 100");
    terminal.type("tty; exit 7\r");
    await terminal.waitFor("/dev/pts/0");
    expect(await terminal.child.exited).toBe(7);
  });

  test("Ctrl-C interrupts the program, not the client", async () => {
    const terminal = engine.terminal(
      "run",
      "--rm",
      "-it",
      image,
      "sh",
      "-c",
      "trap 'echo caught; exit 3' INT; echo ready; while :; do sleep 0.1; done",
    );
    await terminal.waitFor("ready");
    terminal.type("\x03");
    await terminal.waitFor("caught");
    expect(await terminal.child.exited).toBe(3);
  });

  test("Ctrl-P Ctrl-Q detaches, attach comes back", async () => {
    const terminal = engine.terminal("run", "-it", "--name", "moored", image, "sh");
    await terminal.waitFor("# ");
    terminal.type(detachKeys);
    await terminal.child.exited;
    expect(await status("moored")).toBe("running");
    const again = engine.terminal("attach", "moored");
    await Bun.sleep(300);
    again.type("echo ba''ck\r");
    await again.waitFor("back");
    again.type("exit 2\r");
    expect(await again.child.exited).toBe(2);
    await ok("rm", "moored");
  });

  test("--detach-keys chooses other keys", async () => {
    const terminal = engine.terminal(
      "run",
      "-it",
      "--name",
      "other-keys",
      "--detach-keys",
      "ctrl-x,y",
      image,
      "sh",
    );
    await terminal.waitFor("# ");
    terminal.type("\x18y");
    await terminal.child.exited;
    expect(await status("other-keys")).toBe("running");
    await ok("rm", "-f", "other-keys");
  });

  test("-t without -i shows the output with the terminal's line ends", async () => {
    const terminal = engine.terminal("run", "--rm", "-t", image, "echo", "one");
    await terminal.child.exited;
    // The client's own terminal is not raw without -i and may add a carriage return of its own.
    expect(terminal.seen()).toMatch(/one\r+\n/);
  });
});

describe("attach", () => {
  test("shows what comes after it and ends with the program's code", async () => {
    const id = await ok("run", "-d", image, "sh", "-c", "sleep 1; echo late; echo err >&2; exit 8");
    expect(await docker("attach", "--no-stdin", id)).toEqual({
      exitCode: 8,
      stdout: "late\n",
      stderr: "err\n",
    });
    await ok("rm", id);
  });

  test("several clients see the same output", async () => {
    const since = String(Math.floor(Date.now() / 1000));
    const wait = "until [ -e /go ]; do sleep 0.1; done";
    const id = await ok("run", "-d", image, "sh", "-c", `${wait}; seq 1 1000`);
    const attached = [1, 2, 3].map(async () => (await docker("attach", "--no-stdin", id)).stdout);
    const untilNow = (): string[] => ["--since", since, "--until", (Date.now() / 1000).toFixed(9)];
    const attaches = ["--filter", "event=attach", "--filter", `container=${id}`, "--format", "{{.Action}}"];
    await eventually(
      async () => (await ok("events", ...untilNow(), ...attaches)).split("\n").length === 3,
      () => "three clients to be attached",
    );
    await ok("exec", id, "touch", "/go");
    const outputs = await Promise.all(attached);
    const expected = `${Array.from({ length: 1000 }, (_, at) => at + 1).join("\n")}\n`;
    expect(outputs).toEqual([expected, expected, expected]);
    await ok("rm", id);
  });

  test("what is typed reaches a container that keeps its stdin open", async () => {
    const id = await ok("run", "-di", image, "sh", "-c", "read line; echo got $line");
    // The end of its input ends an attach, output and all: so it stays open for a while.
    const env = { DOCKER_HOST: `unix://${engine.socket}` };
    const stdout = await output(["sh", "-c", `(echo hello; sleep 2) | docker attach ${id}`], { env });
    expect(stdout).toBe("got hello");
    await ok("rm", id);
  });

  test("is an event, also of who wants no more than was said before", async () => {
    const id = await ok("run", "-d", image, "sh", "-c", "echo said; exec sleep 1000");
    await engine.api("POST", `/containers/${id}/attach?logs=1&stdout=1`);
    const until = String(Math.floor(Date.now() / 1000) + 1);
    const told = await ok("events", "--since", "1m", "--until", until, "--filter", `container=${id}`);
    expect(told).toContain(`container attach ${id}`);
    await ok("rm", "-f", id);
  });

  test("is refused for a container that does not run", async () => {
    const id = await ok("create", image, "true");
    expect((await docker("attach", id)).stderr).toContain("cannot attach to a stopped container");
    await ok("rm", id);
  });
});

describe("exec", () => {
  test("gives output, errors and exit code of the program", async () => {
    const id = await ok("run", "-d", image, "sleep", "1000");
    expect(await docker("exec", id, "sh", "-c", "echo out; echo err >&2; exit 5")).toEqual({
      exitCode: 5,
      stdout: "out\n",
      stderr: "err\n",
    });
    // docker before 28 gave 126 here too.
    expect(engine.kind === "dockerd" ? [126, 127] : [127]).toContain(
      (await docker("exec", id, "nosuchprogram")).exitCode,
    );
    expect((await docker("exec", id, "/etc/passwd")).exitCode).toBe(126);
    await ok("rm", "-f", id);
  });

  test("takes environment, user, working directory and input", async () => {
    const id = await ok("run", "-d", "-e", "A=outer", image, "sleep", "1000");
    expect(
      await ok(
        "exec",
        "-e",
        "B=2",
        "-u",
        "alice",
        "-w",
        "/tmp",
        id,
        "sh",
        "-c",
        "echo $A $B $(whoami) $(pwd) $HOME",
      ),
    ).toBe("outer 2 alice /tmp /home/alice");
    const text = "line\n".repeat(500_000);
    expect((await engine.dockerWith({ input: text }, "exec", "-i", id, "wc", "-c")).stdout.trim()).toBe(
      String(text.length),
    );
    await ok("rm", "-f", id);
  });

  test("-it is a terminal of its own", async () => {
    const id = await ok("run", "-d", image, "sleep", "1000");
    const terminal = engine.terminal("exec", "-it", id, "sh");
    await terminal.waitFor("# ");
    await Bun.sleep(300);
    terminal.type("stty size; tty\r");
    await terminal.waitFor("24 80");
    terminal.type("exit 4\r");
    expect(await terminal.child.exited).toBe(4);
    await ok("rm", "-f", id);
  });

  test("-d goes on after the client", async () => {
    const id = await ok("run", "-d", image, "sleep", "1000");
    await ok("exec", "-d", id, "sh", "-c", "sleep 0.3; echo done > /done");
    await eventually(
      async () => (await docker("exec", id, "cat", "/done")).stdout === "done\n",
      () => "/done",
    );
    await ok("rm", "-f", id);
  });

  test("runs in the container's namespaces, cgroup and root", async () => {
    const id = await ok("run", "-d", image, "sleep", "1000");
    const read = "for at in 1 self; do for name in pid net mnt; do readlink /proc/$at/ns/$name; done; done";
    const lines = (await ok("exec", "--privileged=false", id, "sh", "-c", read)).split("\n");
    expect(lines.slice(0, 3)).toEqual(lines.slice(3));
    expect(await ok("exec", id, "sh", "-c", "diff /proc/1/cgroup /proc/self/cgroup && echo same")).toBe(
      "same",
    );
    await ok("rm", "-f", id);
  });

  test("ends with the container", async () => {
    const id = await ok("run", "-d", image, "sleep", "1000");
    const execution = docker("exec", id, "sleep", "999");
    await eventually(
      async () => (await ok("top", id)).includes("sleep 999"),
      () => "the exec to run",
    );
    await ok("kill", id);
    expect((await execution).exitCode).toBe(137);
    await ok("rm", id);
  });

  test("is refused in a container that does not run", async () => {
    const id = await ok("create", image);
    const { exitCode, stderr } = await docker("exec", id, "true");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/container [0-9a-f]{64} is not running/i);
    await ok("rm", id);
  });

  test("by our own client is the same, whichever engine it talks to", async () => {
    const id = await ok("run", "-d", image, "sleep", "1000");
    const exec = (...words: string[]) =>
      run([sampanExecutable(), "-H", `unix://${engine.socket}`, "exec", ...words], { input: "in\n" });
    expect(await exec("-i", id, "sh", "-c", "read line; echo $line; echo err >&2; exit 5")).toEqual({
      exitCode: 5,
      stdout: "in\n",
      stderr: "err\n",
    });
    expect((await exec("-t", id, "sh", "-c", "test -t 1 && echo tty")).stdout).toBe("tty\r\n");
    expect([126, 127]).toContain((await exec(id, "nosuchprogram")).exitCode); // 126 by dockerd 20.10
    expect((await exec("nosuch", "true")).stderr).toContain("No such container");
    await ok("rm", "-f", id);
  });

  test("inspect tells of it by the API", async () => {
    const id = await ok("run", "-d", image, "sleep", "1000");
    const created = await engine.api("POST", `/containers/${id}/exec`, {
      Cmd: ["sh", "-c", "exit 6"],
      AttachStdout: true,
    });
    expect(created.status).toBe(201);
    const { Id } = created.json() as { Id: string };
    expect((await engine.api("POST", `/exec/${Id}/start`, { Detach: true })).status).toBe(200);
    type Seen = { Running: boolean; ExitCode: number; ContainerID: string };
    const seen = async (): Promise<Seen> => (await engine.api("GET", `/exec/${Id}/json`)).json() as Seen;
    await eventually(
      async () => !(await seen()).Running,
      () => "the exec to end",
    );
    const found = await seen();
    expect([found.ExitCode, found.ContainerID]).toEqual([6, id]);
    await ok("rm", "-f", id);
  });
});
