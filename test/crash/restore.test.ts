// kill -9 of the daemon and of the monitor, in the middle of what people do: nothing that was told is lost.
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { slowness } from "../harness/command.ts";
import { daemonForTests } from "../harness/for-tests.ts";

const image = "host/busybox";
const daemon = await daemonForTests();

async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await isTrue()) return;
    await Bun.sleep(50);
  }
  throw new Error(`waited in vain until ${what}\n${daemon.log()}`);
}

const stateOf = (id: string): Promise<string> =>
  daemon.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", id);

describe("kill -9 of the daemon", () => {
  test("a running container runs on: logs, exec, attach, wait and stop work on it", async () => {
    const id = await daemon.ok(
      "run",
      "-d",
      image,
      "sh",
      "-c",
      "trap 'exit 7' TERM; i=0; while :; do echo $((i+=1)); sleep 0.05; done",
    );
    await until("it wrote", async () => (await daemon.ok("logs", id)) !== "");
    const pid = await daemon.ok("inspect", "-f", "{{.State.Pid}}", id);
    await daemon.kill9();
    await Bun.sleep(300);
    await daemon.start();
    expect(await daemon.ok("inspect", "-f", "{{.State.Running}} {{.State.Pid}}", id)).toBe(`true ${pid}`);
    const numbers = (await daemon.ok("logs", id)).split("\n").map(Number);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(numbers.length).toBeGreaterThan(5);
    expect(await daemon.ok("exec", id, "echo", "inside")).toBe("inside");
    const waiting = daemon.ok("wait", id);
    await daemon.ok("stop", "-t", "5", id);
    expect(await waiting).toBe("7");
    await daemon.ok("rm", id);
  });

  test("an exit that happened meanwhile is there with its code", async () => {
    const id = await daemon.ok("run", "-d", image, "sh", "-c", "sleep 0.3; echo last words; exit 42");
    await daemon.kill9();
    await Bun.sleep(700);
    await daemon.start();
    await until("its end is known", async () => (await stateOf(id)) === "exited 42");
    expect(await daemon.ok("logs", id)).toBe("last words");
    await daemon.ok("rm", id);
  });

  test("an auto-removed container that ended meanwhile is gone, its name is free", async () => {
    await daemon.ok("run", "-d", "--rm", "--name", "short", image, "sleep", "0.3");
    await daemon.kill9();
    await Bun.sleep(600);
    await daemon.start();
    await until("it is gone", async () => (await daemon.ok("ps", "-aq")) === "");
    await daemon.ok("run", "--rm", "--name", "short", image, "true");
  });

  test("a container with a restart policy comes back after an end that nobody saw", async () => {
    const id = await daemon.ok("run", "-d", "--restart", "always", image, "sleep", "0.4");
    await daemon.kill9();
    await Bun.sleep(800);
    await daemon.start();
    await until("it runs again", async () =>
      (await daemon.ok("inspect", "-f", "{{.State.Running}} {{.RestartCount}}", id)).startsWith("true"),
    );
    await daemon.ok("rm", "-f", id);
  });

  test("addresses of running containers are not given to others", async () => {
    const first = await daemon.ok("run", "-d", image, "sleep", "100");
    await daemon.kill9();
    await daemon.start();
    const second = await daemon.ok("run", "-d", image, "sleep", "100");
    const addresses = await daemon.ok(
      "inspect",
      "-f",
      "{{.NetworkSettings.Networks.bridge.IPAddress}}",
      first,
      second,
    );
    expect(new Set(addresses.split("\n")).size).toBe(2);
    await daemon.ok("rm", "-f", first, second);
  });

  test("a record that cannot be read is put aside and stops nothing", async () => {
    const [broken, whole] = [await daemon.ok("create", image), await daemon.ok("create", image)];
    await daemon.kill9();
    writeFileSync(join(daemon.root, "containers", broken, "config.json"), "{");
    await daemon.start();
    expect(await daemon.ok("ps", "-aq", "--no-trunc")).toBe(whole);
    expect(daemon.log()).toContain("container record cannot be read, put aside");
    expect(
      readdirSync(join(daemon.root, "containers")).some((name) => name.startsWith(`${broken}.broken-`)),
    ).toBe(true);
    await daemon.ok("rm", whole);
  });

  test("at any moment of many starts and removals: what is left is whole, and it can all be removed", async () => {
    for (let round = 0; round < 5; round++) {
      const work = Array.from({ length: 6 }, () => daemon.docker("run", "--rm", image, "true"));
      await Bun.sleep(20 + 30 * round);
      await daemon.kill9();
      await Promise.all(work);
      await daemon.start();
    }
    await until("all are gone", async () => {
      const ids = (await daemon.ok("ps", "-aq")).split("\n").filter(Boolean);
      if (ids.length > 0) await daemon.docker("rm", "-f", ...ids);
      return ids.length === 0;
    });
    await until(
      "nothing is mounted",
      async () => !(await daemon.leftovers()).some((line) => line.includes("/rootfs")),
    );
  }, 60_000);
});

describe("the machine's end, as far as containers can tell", () => {
  test(
    "many that are to come back do so, and nothing of theirs is taken for a leftover",
    async () => {
      const ids = await Promise.all(
        Array.from({ length: 16 }, () =>
          daemon.ok("run", "-d", "--restart", "always", image, "sleep", "1000"),
        ),
      );
      const pids = (await daemon.ok("inspect", "-f", "{{.State.Pid}}", ...ids)).split("\n").map(Number);
      const before = daemon.log().length;
      process.kill(daemon.monitorPid(), "SIGKILL");
      await daemon.kill9();
      for (const pid of pids) process.kill(pid, "SIGKILL");
      await until("all have ended", async () => !pids.some((pid) => existsSync(`/proc/${pid}`)));
      await daemon.start();
      const running = async (): Promise<number> =>
        (await daemon.ok("ps", "-qf", "status=running")).split("\n").filter(Boolean).length;
      await until("all run again", async () => (await running()) === ids.length);
      expect(daemon.log().slice(before)).not.toMatch(/could not be restarted|cgroup leftover|netns/);
      for (const id of ids) expect(await daemon.ok("exec", id, "echo", "in")).toBe("in");
      await daemon.ok("rm", "-f", ...ids);
    },
    60_000 * slowness,
  );
});

describe("kill -9 of the monitor", () => {
  test("a container without a terminal goes on, its later output is logged, its end is seen", async () => {
    const id = await daemon.ok(
      "run",
      "-d",
      image,
      "sh",
      "-c",
      "i=0; while [ $i -lt 40 ]; do echo $((i+=1)); sleep 0.05; done; exit 9",
    );
    await until("it wrote", async () => (await daemon.ok("logs", id)) !== "");
    process.kill(daemon.monitorPid(), "SIGKILL");
    expect(await daemon.ok("wait", id)).toMatch(/^(9|255)$/);
    // What the monitor had logged when it was killed, and not yet taken out of the pipe, may be there twice.
    const numbers = new Set((await daemon.ok("logs", id)).split("\n").map(Number));
    expect([...numbers]).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    await daemon.ok("rm", id);
  });

  test("a stop while the next one comes up reaches the program", async () => {
    const id = await daemon.ok(
      "run",
      "-d",
      image,
      "sh",
      "-c",
      "trap 'echo told; exit 7' TERM; while :; do sleep 0.05; done",
    );
    const losses = (): number => daemon.log().split("monitor lost").length;
    const before = losses();
    process.kill(daemon.monitorPid(), "SIGKILL");
    while (losses() === before) await Bun.sleep(1);
    expect((await daemon.api("POST", `/containers/${id}/stop?t=8`)).status).toBe(204);
    expect(await daemon.ok("logs", id)).toBe("told");
    await daemon.ok("rm", id);
  });

  test("the next container starts as if nothing had happened", async () => {
    process.kill(daemon.monitorPid(), "SIGKILL");
    await until(
      "a start works",
      async () => (await daemon.docker("run", "--rm", image, "echo", "on")).stdout === "on\n",
    );
  });

  test("an exec that was under way is told to have ended in a way that nobody knows", async () => {
    const id = await daemon.ok("run", "-d", image, "sleep", "1000");
    const exec = daemon.docker("exec", id, "sleep", "77");
    await until("it runs", async () => (await daemon.ok("inspect", "-f", "{{.ExecIDs}}", id)) !== "[]");
    process.kill(daemon.monitorPid(), "SIGKILL");
    expect((await exec).exitCode).toBe(255);
    expect(await daemon.ok("inspect", "-f", "{{.ExecIDs}}", id)).toBe("[]");
    await daemon.ok("rm", "-f", id);
  });

  test("health checks go on, also where one was under way", async () => {
    const flags = ["--health-interval", "200ms", "--health-timeout", "20s"];
    const id = await daemon.ok(
      "run",
      "-d",
      "--health-cmd",
      "echo x >> /begun; sleep 0.7",
      ...flags,
      image,
      "sleep",
      "1000",
    );
    await until("a probe runs", async () => (await daemon.docker("exec", id, "ls", "/begun")).exitCode === 0);
    process.kill(daemon.monitorPid(), "SIGKILL");
    await until(
      "it is healthy",
      async () => (await daemon.ok("inspect", "-f", "{{.State.Health.Status}}", id)) === "healthy",
    );
    await daemon.ok("rm", "-f", id);
  });

  test("daemon and monitor at once: the container runs on under new ones", async () => {
    const id = await daemon.ok("run", "-d", image, "sh", "-c", `sleep ${1.5 * slowness}; echo end; exit 3`);
    process.kill(daemon.monitorPid(), "SIGKILL");
    await daemon.kill9();
    await daemon.start();
    expect(await daemon.ok("inspect", "-f", "{{.State.Running}}", id)).toBe("true");
    expect(await daemon.ok("wait", id)).toMatch(/^(3|255)$/);
    expect(await daemon.ok("logs", id)).toBe("end");
    await daemon.ok("rm", id);
  });
});

test("a volume that is mounted stays so for its containers, and is unmounted after the last", async () => {
  const options = ["--opt", "type=tmpfs", "--opt", "device=tmpfs"];
  await daemon.ok("volume", "create", ...options, "memory");
  const words = ["-d", "-v", "memory:/m", image, "sh", "-c", "echo x > /m/f; exec sleep 1000"];
  const id = await daemon.ok("run", ...words);
  await daemon.kill9();
  await daemon.start();
  expect(await daemon.ok("run", "--rm", "-v", "memory:/m", image, "cat", "/m/f")).toBe("x");
  expect(await daemon.ok("exec", id, "cat", "/m/f")).toBe("x");
  const other = await daemon.ok("run", ...words);
  const inspect = (one: string): Promise<string> => daemon.ok("inspect", "-f", "{{.State.Pid}}", one);
  const pids = (await Promise.all([id, other].map(inspect))).map(Number);
  await daemon.kill9();
  for (const pid of pids) process.kill(pid, "SIGKILL");
  await daemon.start();
  const mountpoint = await daemon.ok("volume", "inspect", "-f", "{{.Mountpoint}}", "memory");
  await until("it is unmounted", () =>
    Promise.resolve(!readFileSync("/proc/mounts", "utf8").includes(mountpoint)),
  );
  await daemon.ok("rm", "-f", id, other);
  await daemon.ok("volume", "rm", "memory");
});
