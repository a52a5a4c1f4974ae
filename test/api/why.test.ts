// `sampan why`: each cause is made to happen, and told. Plain words in the end, so only what names the cause is compared.
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, run, type CommandOptions } from "../harness/command.ts";
import { startDaemon, type Daemon } from "../harness/daemon.ts";
import { removeAllContainers } from "../harness/engine.ts";
import { loadTestImage, testImage as image } from "../harness/images.ts";
import { sampanExecutable } from "../harness/executable.ts";
import { tarOf } from "../harness/tar.ts";
import { afterAll } from "bun:test";

type Answer = {
  readonly Cause: string;
  readonly Why: string;
  readonly Details: readonly string[];
  readonly LastLines: readonly string[];
  readonly Next: string;
  readonly Status: string;
};

let daemon: Daemon;
let files: string;

beforeAll(async () => {
  daemon = await startDaemon();
  await loadTestImage(daemon);
  files = join(daemon.folder, "files");
  mkdirSync(files);
});
afterAll(() => daemon.stop());
afterEach(() => removeAllContainers(daemon));

const sampan = (...words: readonly string[]) => daemon.sampan(...words);

async function why(name: string): Promise<Answer> {
  const { stdout, stderr } = await sampan("why", "--format", "json", name);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as Answer;
}

async function ended(name: string): Promise<void> {
  const state = async (): Promise<string> =>
    (await sampan("inspect", "-f", "{{.State.Status}}", name)).stdout.trim();
  await eventually(
    async () => (await state()) === "exited",
    () => `the end of ${name}`,
  );
}

/** An executable file in a folder that is mounted at /files. */
function program(name: string, text: string | Uint8Array): readonly string[] {
  writeFileSync(join(files, name), text);
  chmodSync(join(files, name), 0o755);
  return ["-v", `${files}:/files`];
}

/** Runs a container of a test's own, which may fail, to its end. */
async function ranOnce(...words: readonly string[]): Promise<Answer> {
  await sampan("run", "--name", "it", ...words);
  return await why("it");
}

describe("a start that failed", () => {
  test("command-not-found", async () => {
    expect(await ranOnce(image, "nosuch")).toMatchObject({ Cause: "command-not-found", Status: "created" });
  });

  test("program-not-found", async () => {
    const { Cause, Why } = await ranOnce(image, "/no/such");
    expect(Cause).toBe("program-not-found");
    expect(Why).toContain('"/no/such"');
  });

  test("not-executable", async () => {
    expect((await ranOnce(image, "/etc/passwd")).Cause).toBe("not-executable");
  });

  test("is-a-directory", async () => {
    expect((await ranOnce(image, "/etc")).Cause).toBe("is-a-directory");
  });

  test("missing-interpreter, of a script", async () => {
    const mount = program("script", "#!/usr/bin/nosuch-shell -e\necho\n");
    const { Cause, Why } = await ranOnce(...mount, image, "/files/script");
    expect(Cause).toBe("missing-interpreter");
    expect(Why).toContain("/usr/bin/nosuch-shell, is not");
  });

  test("missing-interpreter, of a program of another C library", async () => {
    const mount = program("dynamic", await Bun.file("/bin/ls").bytes());
    const { Cause, Why } = await ranOnce(...mount, image, "/files/dynamic");
    expect(Cause).toBe("missing-interpreter");
    expect(Why).toMatch(/\/ld-linux\S*, is not/);
  });

  test("wrong-architecture", async () => {
    const mount = program("strange", "no script and no program\n");
    expect((await ranOnce(...mount, image, "/files/strange")).Cause).toBe("wrong-architecture");
  });

  test("unknown-user", async () => {
    const { Cause, Why } = await ranOnce("-u", "nosuchuser", image, "true");
    expect(Cause).toBe("unknown-user");
    expect(Why).toContain('"nosuchuser"');
  });

  test("bind-source-missing", async () => {
    const source = join(files, "leaves");
    mkdirSync(source);
    await sampan("create", "--name", "it", "--mount", `type=bind,src=${source},dst=/x`, image, "true");
    rmSync(source, { recursive: true });
    await sampan("start", "it");
    expect((await why("it")).Cause).toBe("bind-source-missing");
  });

  test("joined-container-gone", async () => {
    await sampan("run", "-d", "--name", "other", image, "sleep", "1000");
    await sampan("create", "--name", "it", "--network", "container:other", image, "true");
    await sampan("stop", "-t", "0", "other");
    await sampan("start", "it");
    const { Cause, Why } = await why("it");
    expect(Cause).toBe("joined-container-gone");
    expect(Why).toContain("other, which is exited");
    await sampan("rm", "other");
    expect((await why("it")).Why).toContain("which is gone");
  });
});

describe("a container that is up, or was never started", () => {
  test("never-started", async () => {
    await sampan("create", "--name", "it", image, "true");
    expect(await why("it")).toMatchObject({ Cause: "never-started", Next: "sampan start it" });
  });

  test("running, and by whose wish", async () => {
    await sampan("run", "-d", "--name", "it", image, "sleep", "1000");
    const started = await why("it");
    expect(started).toMatchObject({ Cause: "running" });
    expect(started.Why).toContain("Started by a request of the sampan client");
    await daemon.docker("restart", "-t", "0", "it");
    expect((await why("it")).Why).toContain("Restarted by a request of the docker client");
  });

  test("paused", async () => {
    await sampan("run", "-d", "--name", "it", image, "sleep", "1000");
    await sampan("pause", "it");
    expect(await why("it")).toMatchObject({ Cause: "paused", Next: "sampan unpause it" });
  });

  test("unhealthy, with the check's last answer", async () => {
    const check = ["--health-cmd", "echo sick; false", "--health-interval", "100ms", "--health-retries", "2"];
    await sampan("run", "-d", "--name", "it", ...check, image, "sleep", "1000");
    let answer = await why("it");
    await eventually(
      async () => {
        answer = await why("it");
        return answer.Cause === "unhealthy";
      },
      () => "two failed checks",
    );
    expect(answer.Details.join("\n")).toContain("with exit code 1: sick");
  });

  test("restart-back-off", async () => {
    await sampan("run", "-d", "--name", "it", "--restart", "always", image, "sh", "-c", "echo gone; exit 3");
    let answer = await why("it");
    await eventually(
      async () => {
        answer = await why("it");
        // Between the end of a run and its taking down the time of the next is not set yet.
        return answer.Cause === "restart-back-off" && answer.Why.includes("next start");
      },
      () => "a wait between two starts",
    );
    const { Why, LastLines } = answer;
    expect(Why).toMatch(/policy \(always\): its last run ended with exit code 3\. The next start is in/);
    expect(LastLines).toContain("gone");
  });
});

describe("a run that ended", () => {
  test("finished", async () => {
    expect((await ranOnce(image, "true")).Cause).toBe("finished");
  });

  test("failed, with its last words", async () => {
    const script = "for i in 1 2 3 4 5 6 7; do echo line$i; done; echo oh >&2; exit 3";
    const { Cause, Why, LastLines } = await ranOnce(image, "sh", "-c", script);
    expect(Cause).toBe("failed");
    expect(Why).toContain("exit code 3");
    expect(LastLines).toEqual(["line4", "line5", "line6", "line7", "oh"]);
  });

  test("shell-command-not-found and shell-not-executable", async () => {
    expect((await ranOnce(image, "sh", "-c", "nosuch")).Cause).toBe("shell-command-not-found");
    await sampan("rm", "it");
    expect((await ranOnce(image, "sh", "-c", "/etc/passwd")).Cause).toBe("shell-not-executable");
  });

  test("out-of-memory", async () => {
    const { Cause, Why } = await ranOnce("-m", "6m", image, "tail", "/dev/zero");
    expect(Cause).toBe("out-of-memory");
    expect(Why).toContain("6 MiB");
  });

  test("stopped-by-request", async () => {
    const script = "trap 'exit 5' TERM; echo up; while :; do sleep 0.1; done";
    await sampan("run", "-d", "--name", "it", image, "sh", "-c", script);
    await eventually(
      async () => (await sampan("logs", "it")).stdout !== "",
      () => "the trap",
    );
    await daemon.docker("stop", "it");
    const { Cause, Why } = await why("it");
    expect(Cause).toBe("stopped-by-request");
    expect(Why).toMatch(
      /^The docker client 28\S* asked it to stop \(SIGTERM\), and it ended with exit code 5/,
    );
  });

  test("ignored-stop-signal", async () => {
    await sampan("run", "-d", "--name", "it", image, "sleep", "1000");
    await sampan("stop", "-t", "1", "it");
    const { Cause, Next } = await why("it");
    expect(Cause).toBe("ignored-stop-signal");
    expect(Next).toContain("--init");
  });

  test("killed-by-request", async () => {
    await sampan("run", "-d", "--name", "it", image, "sleep", "1000");
    await sampan("kill", "it");
    const { Cause, Why } = await why("it");
    expect(Cause).toBe("killed-by-request");
    expect(Why).toContain("SIGKILL");
  });

  test("killed-by-signal, from elsewhere", async () => {
    await sampan("run", "-d", "--name", "it", image, "sleep", "1000");
    process.kill(Number((await sampan("inspect", "-f", "{{.State.Pid}}", "it")).stdout), "SIGKILL");
    await ended("it");
    const { Cause, Why } = await why("it");
    expect(Cause).toBe("killed-by-signal");
    expect(Why).toContain("not by a request");
  });

  test("restarts-exhausted", async () => {
    await sampan("run", "-d", "--name", "it", "--restart", "on-failure:1", image, "false");
    await ended("it");
    const { Cause, Why } = await why("it");
    expect(Cause).toBe("restarts-exhausted");
    expect(Why).toContain("It failed 2 times");
  });

  test("exit-code-unknown", async () => {
    await sampan("run", "-d", "--name", "it", image, "sleep", "1000");
    const pid = Number((await sampan("inspect", "-f", "{{.State.Pid}}", "it")).stdout);
    await daemon.kill9();
    process.kill(daemon.monitorPid(), "SIGKILL");
    process.kill(pid, "SIGKILL");
    await eventually(
      () => !existsSync(`/proc/${pid}`),
      () => "the program's end",
    );
    await daemon.start();
    await ended("it");
    expect((await why("it")).Cause).toBe("exit-code-unknown");
  });

  test("what it was told survives a restart of the daemon", async () => {
    await sampan("run", "-d", "--name", "it", image, "sleep", "1000");
    await sampan("kill", "it");
    await daemon.restart();
    expect((await why("it")).Cause).toBe("killed-by-request");
  });
});

describe("names", () => {
  test("image-without-command", async () => {
    const input = await tarOf({ "etc/motd": "x" });
    const options: CommandOptions = { input, env: { SAMPAN_HOST: `unix://${daemon.socket}` } };
    await run([sampanExecutable(), "import", "-", "without:1"], options);
    expect((await sampan("run", "without:1")).stderr).toContain("no command specified");
    expect(await why("without:1")).toMatchObject({ Cause: "image-without-command" });
    expect(await why(image)).toMatchObject({ Cause: "image" });
  });

  test("nothing of that name, and templates", async () => {
    expect(await sampan("why", "nosuch")).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: "Error response from daemon: No such container: nosuch\n",
    });
    await sampan("create", "--name", "it", image, "true");
    expect((await sampan("why", "-f", "{{.Cause}}: {{len .Details}}", "it")).stdout).toBe(
      "never-started: 0\n",
    );
  });

  test("the page says it in words", async () => {
    await sampan("run", "--name", "it", image, "sh", "-c", "echo hello; exit 3");
    const { stdout } = await sampan("why", "it");
    expect(stdout.replaceAll(/\(.*?Z\)|\d+ seconds? ago|less than a second ago/g, "TIME")).toBe(
      [
        "it: exited, exit code 3",
        "Its program ended by itself with exit code 3, which means that it failed. That was TIME TIME.",
        "  What the number means is up to the program.",
        "Its last words:",
        "  hello",
        "Next: sampan logs it",
        "",
      ].join("\n"),
    );
  });
});
