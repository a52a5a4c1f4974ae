// Runtimes that are spawned when an exec is made, or when another one may follow: its start has it, and nothing comes to depend
// on it.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../harness/command.ts";
import { startDaemon, type Daemon } from "../harness/daemon.ts";
import { descriptorsAtRest, descriptorsSettled } from "../harness/descriptors.ts";
import { hasEnded } from "../harness/processes.ts";
import { frameText, rawAnswer, sendRaw, type RawAnswer } from "../harness/raw-request.ts";
import { loadTestImage, testImage as image } from "../harness/images.ts";

let daemon: Daemon;
let container: string;

beforeAll(async () => {
  daemon = await startDaemon();
  await loadTestImage(daemon);
  container = await daemon.ok("run", "-d", image, "sleep", "10000");
});
afterAll(() => daemon.stop());

const folderOf = (exec: string): string => join(daemon.execRoot, "tasks", exec);

/** Ids that no exec has yet: of folders with a configuration that waits to be written. */
function spares(): string[] {
  const tasks = readdirSync(join(daemon.execRoot, "tasks"));
  const waiting = tasks.filter((id) =>
    lstatSync(join(folderOf(id), "process.json"), { throwIfNoEntry: false })?.isFIFO(),
  );
  return waiting.filter((id) => runtimesOf(id).length === 1);
}

async function theSpare(): Promise<string> {
  await eventually(
    () => spares().length === 1,
    () => `one spare runtime: ${spares().join(" ")}`,
  );
  await Bun.sleep(50); // it is there some moments before the monitor has said so
  return spares()[0] ?? "";
}

async function expectNoSpare(): Promise<void> {
  await eventually(
    () => spares().length === 0,
    () => `no spare runtime: ${spares().join(" ")}`,
  );
}

/** Pids of runtimes with the exec's process on their command line. */
function runtimesOf(exec: string): number[] {
  const config = join(folderOf(exec), "process.json");
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(config);
      } catch {
        return false; // no process, or none any more
      }
    });
}

async function make(body: object = {}, of = container): Promise<string> {
  const made = await daemon.api("POST", `/containers/${of}/exec`, { AttachStdout: true, ...body });
  expect(made.status).toBe(201);
  return (made.json() as { Id: string }).Id;
}

async function waitingRuntime(exec: string): Promise<number> {
  await eventually(
    () => runtimesOf(exec).length === 1,
    () => "a runtime that waits for the exec's start",
  );
  return runtimesOf(exec)[0] ?? 0;
}

async function makeAndStart(of: string, query: string, upgrade: boolean, body: object): Promise<RawAnswer> {
  const attached = { AttachStdout: true, AttachStderr: true, ...body };
  return await rawAnswer(sendRaw(daemon.socket, `/v1.50/containers/${of}/exec?${query}`, attached, upgrade));
}

/** Its exit code, once it has run. */
async function startOf(exec: string): Promise<number> {
  const started = await daemon.api("POST", `/exec/${exec}/start`, { Detach: true });
  expect(started.status).toBe(200);
  let code: number | null = null;
  await eventually(
    async () => {
      const shown = (await daemon.api("GET", `/exec/${exec}/json`)).json() as { ExitCode: number | null };
      code = shown.ExitCode;
      return code !== null;
    },
    () => "the end of the exec",
  );
  return code ?? -1;
}

const exits = (code: number): object => ({ Cmd: ["sh", "-c", `exit ${code}`] });

async function expectNothingOf(exec: string): Promise<void> {
  await eventually(
    () => runtimesOf(exec).length === 0 && !existsSync(folderOf(exec)),
    () => `no runtime and no folder of the exec: ${runtimesOf(exec).join(" ")}`,
  );
}

describe("an exec that is started", () => {
  test("has the runtime that was waiting, and leaves nothing", async () => {
    const exec = await make(exits(7));
    await waitingRuntime(exec);
    expect(await startOf(exec)).toBe(7);
    await expectNothingOf(exec);
  });

  test("is the same by every client: output, input, environment, user, folder, terminal", async () => {
    const script = "read line; echo $line $X $(id -u) $(pwd); echo err >&2; exit 9";
    const words = ["exec", "-i", "-e", "X=1", "-u", "5", "-w", "/tmp", container, "sh", "-c", script];
    const answer = await daemon.dockerWith({ input: "in\n" }, ...words);
    expect(answer).toEqual({ exitCode: 9, stdout: "in 1 5 /tmp\n", stderr: "err\n" });
    expect((await daemon.sampan("exec", container, "echo", "own")).stdout).toBe("own\n");
    const terminal = await daemon.docker("exec", "-t", container, "sh", "-c", "test -t 1 && echo tty");
    expect(terminal.stdout).toBe("tty\r\n");
  });

  test("with a configuration longer than a pipe", async () => {
    const long = "x".repeat(100_000);
    expect(await daemon.ok("exec", "-e", `LONG=${long}`, container, "sh", "-c", "echo ${#LONG}")).toBe(
      "100000",
    );
  });

  test("of a program that is not there says so", async () => {
    const failed = await daemon.docker("exec", container, "nosuch");
    expect(failed.exitCode).toBe(127);
    expect(failed.stdout + failed.stderr).toContain('exec: "nosuch": executable file not found in $PATH');
    const user = await daemon.docker("exec", "-u", "nobody-here", container, "true");
    expect(user.exitCode).not.toBe(0);
    expect(user.stdout + user.stderr).toContain("nobody-here");
  });

  test("after the container was started anew runs in it as it is now", async () => {
    const exec = await make({ Cmd: ["touch", "/dev/shm/seen"] });
    await waitingRuntime(exec);
    await daemon.ok("restart", "-t", "0", container);
    expect(await startOf(exec)).toBe(0);
    expect(await daemon.ok("exec", container, "ls", "/dev/shm")).toBe("seen");
    await expectNothingOf(exec);
  });

  test("while the container is paused is refused, and runs later", async () => {
    const exec = await make(exits(3));
    await waitingRuntime(exec);
    await daemon.ok("pause", container);
    expect((await daemon.api("POST", `/exec/${exec}/start`, { Detach: true })).status).toBe(409);
    await daemon.ok("unpause", container);
    expect(await startOf(exec)).toBe(3);
  });
});

describe("an exec that is made and started by one request", () => {
  test("answers with its stream, whose last frame tells the end, and can be inspected", async () => {
    const { head, text } = await makeAndStart(container, "start=1", true, exits(4));
    expect(head).toMatch(/^HTTP\/1.1 101 /);
    expect(text).toBe(frameText(4, '{"StatusCode":4}'));
    const id = /Sampan-Exec: ([0-9a-f]{64})\r/.exec(head)?.[1] ?? "";
    const shown = (await daemon.api("GET", `/exec/${id}/json`)).json();
    expect(shown).toMatchObject({ ID: id, Running: false, ExitCode: 4, ContainerID: container });
    expect((await daemon.api("POST", `/exec/${id}/start`, { Detach: true })).status).toBe(409);
    await expectNothingOf(id);
  });

  test("has its output", async () => {
    const { text } = await makeAndStart(container, "start=1", true, { Cmd: ["echo", "hello"] });
    expect(text).toBe(frameText(1, "hello\n") + frameText(4, '{"StatusCode":0}'));
  });

  test("with a terminal has its output and nothing else", async () => {
    const { text } = await makeAndStart(container, "start=1", true, { Tty: true, Cmd: ["echo", "hello"] });
    expect(text).toBe("hello\r\n");
  });

  test.each([
    ["start=0", true],
    ["", true],
    ["start=1", false],
  ] as const)("is only made with ?%s and upgrade %p", async (query, upgrade) => {
    const { head, text } = await makeAndStart(container, query, upgrade, exits(5));
    expect(head).toMatch(/^HTTP\/1.1 201 /);
    expect(head).not.toContain("Sampan-Exec");
    expect(await startOf((JSON.parse(text) as { Id: string }).Id)).toBe(5);
  });

  test("is refused with a status: no such container, one that is paused, no command", async () => {
    const statusOf = async (of: string, body: object): Promise<number> =>
      (await makeAndStart(of, "start=1", true, body)).status;
    expect(await statusOf("nosuch", exits(0))).toBe(404);
    expect(await statusOf(container, { Cmd: [] })).toBe(400);
    await daemon.ok("pause", container);
    expect(await statusOf(container, exits(0))).toBe(409);
    await daemon.ok("unpause", container);
  });

  test("says in the stream why its program is not there", async () => {
    const { head, text } = await makeAndStart(container, "start=1", true, { Cmd: ["nosuch"] });
    expect(head).toMatch(/^HTTP\/1.1 101 /);
    expect(text).toContain('exec: "nosuch": executable file not found in $PATH');
    expect(text).toEndWith(frameText(4, '{"StatusCode":127}'));
  });
});

describe("an exec that is not started", () => {
  test("loses its runtime, and can be started all the same", async () => {
    const exec = await make(exits(4));
    await waitingRuntime(exec);
    await expectNothingOf(exec);
    expect(await startOf(exec)).toBe(4);
    await expectNothingOf(exec);
  });

  test("and was to have a terminal leaves no descriptor", async () => {
    await expectNoSpare();
    const before = await descriptorsAtRest(daemon);
    for (let at = 0; at < 3; at++) await waitingRuntime(await make({ Tty: true, ...exits(0) }));
    expect((await descriptorsSettled(daemon, before)).monitor).toEqual(before.monitor);
  });

  test("does not fill the machine with others of its kind", async () => {
    const execs: string[] = [];
    for (let at = 0; at < 20; at++) execs.push(await make(exits(at)));
    await Bun.sleep(100);
    expect(execs.flatMap(runtimesOf).length).toBeLessThanOrEqual(8);
    expect(await Promise.all(execs.map(startOf))).toEqual(execs.map((_, at) => at));
    for (const exec of execs) await expectNothingOf(exec);
  });

  test("goes with its container", async () => {
    const other = await daemon.ok("run", "-d", image, "sleep", "10000");
    const exec = await make(exits(0), other);
    await waitingRuntime(exec);
    await daemon.ok("rm", "-f", other);
    await expectNothingOf(exec);
  });
});

describe("a spare runtime", () => {
  test("waits after an exec, and the next one has it", async () => {
    await daemon.ok("exec", container, "true");
    const id = await theSpare();
    const [runtime] = runtimesOf(id);
    expect(await make(exits(8))).toBe(id);
    expect(runtimesOf(id)).toEqual([runtime ?? 0]);
    expect(await startOf(id)).toBe(8);
    expect(await theSpare()).not.toBe(id);
    expect(
      await daemon.docker("exec", "-e", "X=y", "-u", "7", container, "sh", "-c", "echo $X; id -u; exit 2"),
    ).toEqual({ exitCode: 2, stdout: "y\n7\n", stderr: "" });
  });

  test("is for execs of the same shape only", async () => {
    await daemon.ok("exec", container, "true");
    const id = await theSpare();
    const terminal = await daemon.docker("exec", "-t", container, "sh", "-c", "test -t 1 && echo tty");
    expect(terminal.stdout).toBe("tty\r\n");
    const answer = await daemon.dockerWith({ input: "in\n" }, "exec", "-i", container, "cat");
    expect(answer.stdout).toBe("in\n");
    expect(await make(exits(0))).toBe(id);
    expect(await startOf(id)).toBe(0);
  });

  test("goes when no exec comes in time", async () => {
    await daemon.ok("exec", container, "true");
    const id = await theSpare();
    await expectNothingOf(id);
    const next = await make(exits(0));
    expect(next).not.toBe(id);
    expect(await startOf(next)).toBe(0);
  });

  test("that is claimed and not started goes, and the exec can be started all the same", async () => {
    await daemon.ok("exec", container, "true");
    const id = await theSpare();
    expect(await make(exits(6))).toBe(id);
    await expectNothingOf(id);
    expect(await startOf(id)).toBe(6);
  });

  test("goes with its container, and with the run that it was for", async () => {
    const other = await daemon.ok("run", "-d", image, "sleep", "10000");
    await expectNoSpare();
    await daemon.ok("exec", other, "true");
    const id = await theSpare();
    await daemon.ok("restart", "-t", "0", other);
    await expectNothingOf(id);
    await daemon.ok("exec", other, "true");
    const next = await theSpare();
    await daemon.ok("rm", "-f", other);
    await expectNothingOf(next);
  });

  test("is left by no health check, and not at all by a program that could not be started", async () => {
    const check = ["--health-cmd", "true", "--health-interval", "100ms"];
    const checked = await daemon.ok("run", "-d", ...check, image, "sleep", "10000");
    await expectNoSpare();
    await eventually(
      async () => (await daemon.ok("inspect", "-f", "{{.State.Health.Status}}", checked)) === "healthy",
      () => "the first good check",
    );
    await daemon.docker("exec", container, "nosuch");
    await Bun.sleep(300);
    expect(spares()).toEqual([]);
    await daemon.ok("rm", "-f", checked);
  });

  test.each(["runtime", "monitor"])("that dies with the %s: the exec goes the long way", async (whose) => {
    await daemon.ok("exec", container, "true");
    const id = await theSpare();
    const [runtime = 0] = runtimesOf(id);
    process.kill(whose === "runtime" ? runtime : daemon.monitorPid(), "SIGKILL");
    await eventually(
      () => hasEnded(runtime),
      () => "the end of the runtime",
    );
    expect(await daemon.ok("exec", container, "echo", "on")).toBe("on");
    await expectNoSpare();
  });
});

describe("deaths", () => {
  test("of the runtime: the start goes the long way", async () => {
    const exec = await make(exits(5));
    const runtime = await waitingRuntime(exec);
    process.kill(runtime, "SIGKILL");
    await eventually(
      () => hasEnded(runtime),
      () => "the end of the runtime",
    );
    expect(await startOf(exec)).toBe(5);
    await expectNothingOf(exec);
  });

  test("of the monitor: the start goes the long way", async () => {
    const exec = await make(exits(6));
    const runtime = await waitingRuntime(exec);
    process.kill(daemon.monitorPid(), "SIGKILL");
    await eventually(
      () => hasEnded(runtime),
      () => "the end of the runtime",
    );
    expect(await startOf(exec)).toBe(6);
    await expectNothingOf(exec);
  });

  test("of the daemon: it goes, and the next daemon sweeps its folder", async () => {
    const exec = await make(exits(0));
    await waitingRuntime(exec);
    await daemon.kill9();
    await eventually(
      () => runtimesOf(exec).length === 0,
      () => "the end of the runtime",
    );
    await daemon.start();
    await expectNothingOf(exec);
    expect(await daemon.ok("exec", container, "echo", "on")).toBe("on");
  });

  test("a stop of the daemon leaves none", async () => {
    const exec = await make(exits(0));
    await waitingRuntime(exec);
    await daemon.restart();
    await expectNothingOf(exec);
  });
});
