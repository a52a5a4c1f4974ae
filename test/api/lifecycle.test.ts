// A container's life through the stock client: start, stop, pause, rename, remove, restart by policy.
import { describe, expect, test } from "bun:test";
import { eventually } from "../harness/command.ts";
import type { Daemon } from "../harness/daemon.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const { ok, docker, api } = engine;
const field = (id: string, template: string) => ok("inspect", "--format", `{{${template}}}`, id);
const status = (id: string) => field(id, ".State.Status");
const sleeper = (...flags: string[]) => ok("run", "-d", ...flags, image, "sleep", "1000");
const script = (text: string, ...flags: string[]) => ok("run", "-d", ...flags, image, "sh", "-c", text);

describe("start and end", () => {
  test("created, running, exited follow each other", async () => {
    const id = await ok("create", image, "sh", "-c", "sleep 0.3; exit 5");
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await status(id)).toBe("created");
    await ok("start", id);
    expect(await status(id)).toBe("running");
    expect(await ok("wait", id)).toBe("5");
    expect(await status(id)).toBe("exited");
    expect(await field(id, ".State.ExitCode")).toBe("5");
    await ok("rm", id);
  });

  test("wait answers for a container that ended long ago", async () => {
    const id = await script("exit 3");
    await ok("wait", id);
    expect(await ok("wait", id)).toBe("3");
    await ok("rm", id);
  });

  test("start -a shows the output and gives the exit code", async () => {
    const id = await ok("create", image, "sh", "-c", "echo again; exit 9");
    for (const round of [1, 2]) {
      const { exitCode, stdout } = await docker("start", "-a", id);
      expect([round, exitCode, stdout]).toEqual([round, 9, "again\n"]);
    }
    await ok("rm", id);
  });

  test("starting what runs and stopping what is stopped change nothing and are no errors", async () => {
    const id = await sleeper();
    const pid = await field(id, ".State.Pid");
    await ok("start", id);
    expect(await field(id, ".State.Pid")).toBe(pid);
    await ok("stop", "-t", "0", id);
    await ok("stop", id);
    expect((await engine.api("POST", `/containers/${id}/stop`)).status).toBe(304);
    await ok("rm", id);
  });

  test("50 short containers one after the other all give their code", async () => {
    for (let count = 0; count < 50; count += 1)
      expect(
        (await docker("run", "--rm", "--network", "none", image, "sh", "-c", `exit ${count}`)).exitCode,
      ).toBe(count);
  }, 120_000);

  test("16 containers side by side all give their code", async () => {
    const codes = await Promise.all(
      Array.from(
        { length: 16 },
        async (_, at) => (await docker("run", "--rm", image, "sh", "-c", `exit ${at}`)).exitCode,
      ),
    );
    expect(codes).toEqual(Array.from({ length: 16 }, (_, at) => at));
  }, 60_000);
});

describe("stop and kill", () => {
  test("stop sends SIGTERM and lets the program finish", async () => {
    const id = await script("trap 'echo bye; exit 4' TERM; echo ready; while :; do sleep 0.1; done");
    await eventually(
      async () => (await ok("logs", id)).includes("ready"),
      () => "ready",
    );
    await ok("stop", id);
    expect(await field(id, ".State.ExitCode")).toBe("4");
    expect(await ok("logs", id)).toContain("bye");
    await ok("rm", id);
  });

  test("stop kills what does not listen after its time: 137", async () => {
    const id = await sleeper();
    const before = performance.now();
    await ok("stop", "-t", "1", id);
    expect(performance.now() - before).toBeWithin(900, 4000);
    expect(await field(id, ".State.ExitCode")).toBe("137");
    await ok("rm", id);
  });

  test("--stop-signal is what stop sends", async () => {
    const id = await script(
      "trap 'exit 6' USR1; echo ready; while :; do sleep 0.1; done",
      "--stop-signal",
      "USR1",
    );
    await eventually(
      async () => (await ok("logs", id)).includes("ready"),
      () => "ready",
    );
    await ok("stop", id);
    expect(await field(id, ".State.ExitCode")).toBe("6");
    await ok("rm", id);
  });

  test("kill -s sends any signal, by name or number, and the container may go on", async () => {
    const id = await script("trap 'echo hup' HUP; echo ready; while :; do sleep 0.1; done");
    await eventually(
      async () => (await ok("logs", id)).includes("ready"),
      () => "ready",
    );
    for (const signal of ["HUP", "SIGHUP", "1"]) await ok("kill", "-s", signal, id);
    await eventually(
      async () => (await ok("logs", id)).includes("hup"),
      () => "hup",
    );
    expect(await status(id)).toBe("running");
    await ok("kill", id);
    expect(await ok("wait", id)).toBe("137");
    const { exitCode, stderr } = await docker("kill", id);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("is not running");
    await ok("rm", id);
  });

  test("restart gives a new process, running or not", async () => {
    const id = await sleeper();
    const first = await field(id, ".State.Pid");
    await ok("restart", "-t", "0", id);
    const second = await field(id, ".State.Pid");
    expect(second).not.toBe(first);
    await ok("kill", id);
    await ok("restart", id);
    expect(await status(id)).toBe("running");
    await ok("rm", "-f", id);
  });

  test("pause freezes, unpause goes on, a paused container can be removed", async () => {
    const id = await script("while :; do echo tick; sleep 0.05; done");
    await ok("pause", id);
    expect(await status(id)).toBe("paused");
    const frozen = (await ok("logs", id)).length;
    await Bun.sleep(300);
    expect((await ok("logs", id)).length).toBe(frozen);
    expect((await docker("pause", id)).stderr).toContain("is already paused");
    expect((await docker("exec", id, "true")).stderr).toContain(
      "is paused, unpause the container before exec",
    );
    await ok("unpause", id);
    await eventually(
      async () => (await ok("logs", id)).length > frozen,
      () => "more output",
    );
    await ok("pause", id);
    await ok("rm", "-f", id);
  });
});

describe("names", () => {
  test("a container gets an adjective_noun name", async () => {
    const id = await ok("create", image);
    expect(await field(id, ".Name")).toMatch(/^\/[a-z]+_[a-z0-9]+$/);
    await ok("rm", id);
  });

  test("rename changes the name; a taken one is refused", async () => {
    await ok("create", "--name", "old", image);
    await ok("rename", "old", "new");
    expect(await field("new", ".Name")).toBe("/new");
    const { stderr } = await docker("create", "--name", "new", image);
    expect(stderr).toMatch(
      /Conflict. The container name "\/new" is already in use by container "?[0-9a-f]{64}"?. You have to remove \(or rename\) that container to be able to reuse that name/,
    );
    await ok("rm", "new");
    await ok("create", "--name", "old", image);
    await ok("rm", "old");
  });

  test("a container answers to a unique part of its id", async () => {
    const id = await ok("create", image);
    expect(await field(id.slice(0, 10), ".Id")).toBe(id);
    await ok("rm", id.slice(0, 8));
  });

  test("a bad name is refused in Docker's words", async () => {
    const { exitCode, stderr } = await docker("create", "--name", "bad/name", image);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("Invalid container name (bad/name), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
  });
});

describe("removing", () => {
  test("rm refuses a running container, rm -f does not", async () => {
    const id = await sleeper();
    const { exitCode, stderr } = await docker("rm", id);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/(cannot remove|You cannot remove a running) container/i);
    await ok("rm", "-f", id);
    expect((await docker("inspect", id)).stderr).toContain("No such");
  });

  test("rm -f removes what a restart is about to start again", async () => {
    for (let round = 0; round < 5; round++) {
      const id = await sleeper();
      const restarting = docker("restart", "-t", "5", id); // no signal ends this program
      await Bun.sleep(round * 30);
      expect(await docker("rm", "-f", id)).toMatchObject({ exitCode: 0, stderr: "" });
      await restarting;
      expect(await ok("ps", "-aq", "--filter", `id=${id}`)).toBe("");
    }
  });

  test("rm of what has ended this moment frees its name at once, and leaves nothing", async () => {
    for (let round = 0; round < 10; round++) {
      const { Id } = (
        await api("POST", "/containers/create?name=brief", { Image: image, Cmd: ["true"] })
      ).json() as {
        Id: string;
      };
      await api("POST", `/containers/${Id}/start`);
      await api("POST", `/containers/${Id}/wait`);
      expect((await api("DELETE", `/containers/${Id}`)).status).toBe(204);
      expect((await api("GET", `/containers/${Id}/json`)).status).toBe(404);
      expect((await api("POST", `/containers/${Id}/start`)).status).toBe(404);
    }
    if (engine.kind === "sampan")
      await eventually(
        () => (engine as Daemon).tasks().length === 0,
        () => `no tasks: ${(engine as Daemon).tasks().join(" ")}`,
      );
  });

  test("--rm removes it, also after a detached run", async () => {
    const id = await script("sleep 0.2", "--rm");
    await eventually(
      async () => (await docker("inspect", id)).exitCode !== 0,
      () => "the container to be removed",
    );
  });

  test("container prune removes what is stopped and nothing else", async () => {
    const [stopped, running] = [await script("true"), await sleeper()];
    await ok("wait", stopped);
    const text = await ok("container", "prune", "-f");
    expect(text).toContain(stopped);
    expect(text).not.toContain(running);
    expect(await status(running)).toBe("running");
    await ok("rm", "-f", running);
  });

  // dockerd refuses the second one.
  test.if(engine.kind === "sampan")(
    "two prunes at once remove each container once, and complain of nothing",
    async () => {
      const ids = await Promise.all(Array.from({ length: 20 }, () => script("true")));
      await ok("wait", ...ids);
      const prune = async (): Promise<readonly string[]> =>
        ((await api("POST", "/containers/prune")).json() as { ContainersDeleted: string[] | null })
          .ContainersDeleted ?? [];
      const deleted = (await Promise.all([prune(), prune(), prune()])).flat();
      expect(deleted.toSorted()).toEqual(ids.toSorted());
      expect((engine as Daemon).log()).not.toContain("not pruned");
    },
  );

  test.if(engine.kind === "sampan")("two prunes of images at once remove each image once", async () => {
    const made = Array.from({ length: 10 }, async (_, at) => {
      const id = await ok("run", "-d", image, "true");
      const committed = await ok("commit", "-c", `LABEL at=${at}`, id);
      await ok("rm", "-f", id);
      return committed;
    });
    const images = await Promise.all(made);
    const prune = async (): Promise<unknown> => {
      const { status: code, body } = await api("POST", "/images/prune");
      if (code !== 200) throw new Error(`${code}: ${body}`);
      return JSON.parse(body) as unknown;
    };
    await Promise.all([prune(), prune(), prune()]);
    const left = await ok("images", "-q", "--no-trunc");
    for (const one of images) expect(left).not.toContain(one);
  });
});

describe("restart policies", () => {
  test("on-failure:2 starts it three times in all", async () => {
    const id = await script("echo run; exit 1", "--restart", "on-failure:2");
    await eventually(
      async () => (await status(id)) === "exited",
      () => "exited",
      20_000,
    );
    expect(await ok("logs", id)).toBe("run\nrun\nrun");
    expect(await field(id, ".RestartCount")).toBe("2");
    await ok("rm", id);
  });

  test("on-failure does not restart what ended well", async () => {
    const id = await script("echo run", "--restart", "on-failure");
    await ok("wait", id);
    await Bun.sleep(500);
    expect(await ok("logs", id)).toBe("run");
    await ok("rm", "-f", id);
  });

  test("always restarts until stop, which it obeys", async () => {
    const id = await script("echo run; sleep 0.05", "--restart", "always");
    await eventually(
      async () => (await ok("logs", id)).split("\n").length >= 3,
      () => "three runs",
      20_000,
    );
    await ok("stop", "-t", "0", id);
    expect(await status(id)).toBe("exited");
    await Bun.sleep(1500);
    expect(await status(id)).toBe("exited");
    await ok("rm", id);
  });

  test("update --restart changes the policy of a running container", async () => {
    const id = await sleeper("--restart", "always");
    await ok("update", "--restart", "no", id);
    await ok("exec", id, "kill", "-9", "1").catch(() => "PID 1 does not take it from inside");
    expect(await field(id, ".HostConfig.RestartPolicy.Name")).toBe("no");
    await ok("rm", "-f", id);
  });

  test("--rm with a restart policy is refused", async () => {
    const { exitCode } = await docker("run", "--rm", "--restart", "always", image, "true");
    expect(exitCode).toBe(125);
  });
});
