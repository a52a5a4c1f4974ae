// The runtime that waits for the next start: who gets it, and that nothing comes to depend on it. In mounts of the
// daemon's own, without the unified hierarchy of a hybrid: there no runtime may be spawned ahead.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../harness/command.ts";
import { startDaemon, type Daemon } from "../harness/daemon.ts";
import { hasEnded } from "../harness/processes.ts";

const withoutUnified = 'mount --make-rslave /; umount -l /sys/fs/cgroup/unified 2>/dev/null; exec "$@"';
const isHybrid = existsSync("/sys/fs/cgroup/unified/cgroup.controllers");
const image = "host/busybox";

type Waiting = { readonly pid: number; readonly id: string };

let daemon: Daemon;

beforeAll(async () => {
  daemon = await startDaemon({ under: ["unshare", "--mount", "sh", "-c", withoutUnified, "sh"] });
  await daemon.ok("run", "--rm", image, "true");
});
afterAll(() => daemon.stop());

/** Runtimes with no program yet, by their command lines. */
function waiting({ execRoot }: Daemon): Waiting[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid): Waiting[] => {
      const words = commandLine(pid);
      const id = words.at(-1) ?? "";
      const isRuntime = words.includes("--detach") && words.includes(join(execRoot, "tasks", id));
      return isRuntime ? [{ pid: Number(pid), id }] : [];
    });
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch {
    return []; // it has ended meanwhile
  }
}

/** The one that waits, once the daemon has been told of it; not the one called `before`. */
async function theOne(before = ""): Promise<Waiting> {
  let found: Waiting[] = [];
  await eventually(
    () => {
      found = waiting(daemon);
      return found.length === 1 && found[0]?.id !== before;
    },
    () => `one waiting runtime: ${JSON.stringify(found)}`,
  );
  await Bun.sleep(50); // the process is there some moments before the monitor has said so
  return found[0] as Waiting;
}

const taskFolders = (): string[] => readdirSync(join(daemon.execRoot, "tasks"));

describe("who gets it", () => {
  test("the next container: it runs as any other, and another one is prepared", async () => {
    const { pid, id } = await theOne();
    const answer = await daemon.docker(
      "run",
      "-l",
      "a=b",
      "--name",
      "first",
      "-e",
      "X=1",
      image,
      "sh",
      "-c",
      "echo $X $0; exit 3",
    );
    expect(answer).toEqual({ exitCode: 3, stdout: "1 sh\n", stderr: "" });
    expect(await daemon.ok("inspect", "-f", "{{.Id}}", "first")).toBe(id);
    expect(await daemon.ok("logs", "first")).toBe("1 sh");
    expect(hasEnded(pid)).toBe(true);
    expect((await theOne(id)).id).not.toBe(id);
    // Started again it has none, and needs none.
    expect((await daemon.docker("start", "-a", "first")).stdout).toBe("1 sh\n");
    await daemon.ok("rm", "first");
  });

  test("no container with an input or a terminal", async () => {
    const { id } = await theOne();
    const answer = await daemon.dockerWith({ input: "hello" }, "run", "-i", "--name", "cat", image, "cat");
    expect(answer.stdout).toBe("hello");
    expect(await daemon.ok("inspect", "-f", "{{.Id}}", "cat")).not.toBe(id);
    expect((await theOne()).id).toBe(id);
    await daemon.ok("rm", "cat");
  });

  test("a program whose configuration is longer than a pipe", async () => {
    await theOne();
    const long = "x".repeat(100_000);
    const answer = await daemon.docker(
      "run",
      "--rm",
      "-e",
      `LONG=${long}`,
      image,
      "sh",
      "-c",
      "echo ${#LONG}",
    );
    expect(answer.stdout).toBe("100000\n");
  });

  test("one that cannot be started says why, and the next one starts", async () => {
    await theOne();
    const failed = await daemon.docker("run", "--rm", image, "nosuch");
    expect(failed.exitCode).toBe(127);
    expect(failed.stderr).toContain('exec: "nosuch": executable file not found in $PATH');
    expect(await daemon.ok("run", "--rm", image, "echo", "next")).toBe("next");
  });

  test("one whose start fails before the runtime is needed starts the next time", async () => {
    const { id } = await theOne();
    await daemon.ok("create", "--name", "early", "--network", "later", image, "echo", "now");
    expect(await daemon.ok("inspect", "-f", "{{.Id}}", "early")).toBe(id);
    expect((await daemon.docker("start", "early")).stderr).toContain("later");
    await daemon.ok("network", "create", "later");
    expect(await daemon.docker("start", "-a", "early")).toEqual({ exitCode: 0, stdout: "now\n", stderr: "" });
    await daemon.ok("rm", "early");
    await daemon.ok("network", "rm", "later");
  });

  test("many at once: one has it, the others do without", async () => {
    await theOne();
    const runs = await Promise.all(
      Array.from({ length: 8 }, (_, at) => daemon.ok("run", "--rm", image, "echo", `${at}`)),
    );
    expect(runs).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
    await theOne();
  });
});

describe("not used", () => {
  test("a create that fails gives it back", async () => {
    const { id } = await theOne();
    await daemon.ok("create", "--name", "taken", "-i", image);
    const refused = await daemon.docker(
      "create",
      "--name",
      "other",
      "--sysctl",
      "no.such=1",
      "--network",
      "container:nobody",
      image,
    );
    expect(refused.exitCode).not.toBe(0);
    await daemon.ok("create", "--name", "gets-it", image);
    expect(await daemon.ok("inspect", "-f", "{{.Id}}", "gets-it")).toBe(id);
    await daemon.ok("rm", "taken", "gets-it");
  });

  test("a container that is created and not started loses it, and starts all the same", async () => {
    const { id } = await theOne();
    await daemon.ok("create", "--name", "later", image, "echo", "late");
    expect(await daemon.ok("inspect", "-f", "{{.Id}}", "later")).toBe(id);
    await theOne(id);
    expect(taskFolders()).not.toContain(id);
    expect((await daemon.docker("start", "-a", "later")).stdout).toBe("late\n");
    await daemon.ok("rm", "later");
  });

  test("a start that takes longer than it is kept for a container has it", async () => {
    const { id } = await theOne();
    await daemon.ok("create", "--name", "slow", "-p", "80", image, "echo", "at last");
    expect(await daemon.ok("inspect", "-f", "{{.Id}}", "slow")).toBe(id);
    process.kill(daemon.monitorPid(), "SIGSTOP"); // its ports are held by the monitor, before all else
    const started = daemon.docker("start", "-a", "slow");
    await Bun.sleep(2500);
    process.kill(daemon.monitorPid(), "SIGCONT");
    expect(await started).toEqual({ exitCode: 0, stdout: "at last\n", stderr: "" });
    await daemon.ok("rm", "slow");
  });

  test("one that is removed before its start takes it along", async () => {
    const { pid, id } = await theOne();
    await daemon.ok("create", "--name", "gone", image);
    await daemon.ok("rm", "gone");
    await theOne(id);
    await eventually(
      () => hasEnded(pid),
      () => "it has ended",
    );
    await eventually(
      () => !taskFolders().includes(id),
      () => "its folder is gone",
    );
  });
});

describe("deaths", () => {
  test("of the runtime: the start goes the long way", async () => {
    const { pid } = await theOne();
    process.kill(pid, "SIGKILL");
    await eventually(
      () => hasEnded(pid),
      () => "it has ended",
    );
    expect(await daemon.ok("run", "--rm", image, "echo", "alone")).toBe("alone");
    await theOne();
  });

  test("of the monitor: it ends by itself, and the next container starts", async () => {
    const { pid } = await theOne();
    process.kill(daemon.monitorPid(), "SIGKILL");
    await eventually(
      () => hasEnded(pid),
      () => "it has ended",
    );
    expect(await daemon.ok("run", "--rm", image, "echo", "on")).toBe("on");
    await theOne();
  });

  test("of the daemon: it goes, and the next daemon has one of its own", async () => {
    const { pid, id } = await theOne();
    await daemon.ok("run", "-d", "--name", "stays", image, "sleep", "1000");
    await theOne(id);
    await daemon.kill9();
    await eventually(
      () => waiting(daemon).length === 0,
      () => "none waits for a daemon that is dead",
    );
    await daemon.start();
    const next = await theOne();
    expect(next.pid).not.toBe(pid);
    expect(await daemon.ok("exec", "stays", "echo", "still")).toBe("still");
    const stays = await daemon.ok("inspect", "-f", "{{.Id}}", "stays");
    const expected = [stays, next.id].toSorted().join(" ");
    await eventually(
      () => taskFolders().toSorted().join(" ") === expected,
      () => `only ${expected}: ${taskFolders().join(" ")}`,
    );
    await daemon.ok("rm", "-f", "stays");
  });

  test("a stop of the daemon leaves none", async () => {
    await theOne();
    await daemon.restart();
    const { id } = await theOne();
    await eventually(
      () => taskFolders().length === 1,
      () => taskFolders().join(" "),
    );
    expect(taskFolders()).toEqual([id]);
  });
});

test.if(isHybrid)(
  "where runtimes get a copy of the mounts, none waits: it would not see a later start's",
  async () => {
    const hybrid = await startDaemon();
    try {
      expect(await hybrid.ok("run", "--rm", image, "echo", "yes")).toBe("yes");
      await Bun.sleep(100);
      expect(waiting(hybrid)).toEqual([]);
      expect(readdirSync(join(hybrid.execRoot, "tasks"))).toEqual([]);
    } finally {
      await hybrid.stop();
    }
  },
);
