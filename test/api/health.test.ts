// Health checks: probes that really run, what they say of a container, and that they outlive the daemon.
import { describe, expect, test } from "bun:test";
import { eventually } from "../harness/command.ts";
import type { Daemon } from "../harness/daemon.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

type Health = {
  readonly Status: string;
  readonly FailingStreak: number;
  readonly Log: readonly {
    readonly Start: string;
    readonly End: string;
    readonly ExitCode: number;
    readonly Output: string;
  }[];
};

const engine = await engineForTests();
const { ok } = engine;

const started = (...flags: string[]): Promise<string> => ok("run", "-d", ...flags, image, "sleep", "1000");
const healthOf = async (id: string): Promise<Health | undefined> => {
  const { State } = (await engine.api("GET", `/containers/${id}/json`)).json() as {
    State: { Health?: Health };
  };
  return State.Health;
};
const becomes = (id: string, status: string): Promise<void> =>
  eventually(
    async () => (await healthOf(id))?.Status === status,
    () => `${id} to be ${status}`,
    20_000,
  );
const eventsOf = (id: string, since: number): Promise<string> =>
  ok(
    "events",
    "--since",
    String(since),
    "--until",
    (Date.now() / 1000).toFixed(9),
    "--filter",
    `container=${id}`,
    "--format",
    "{{.Action}}",
  );

describe("a container with a health check", () => {
  test("is starting, then healthy, then unhealthy, and back", async () => {
    const since = Math.floor(Date.now() / 1000);
    const command = "until [ -e /go ]; do sleep 0.1; done; cat /broken && exit 1 || echo fine";
    const id = await started("--health-cmd", command, "--health-interval", "300ms", "--health-retries", "2");
    expect(await healthOf(id)).toEqual({ Status: "starting", FailingStreak: 0, Log: [] });
    expect(await ok("ps", "--format", "{{.Status}}")).toMatch(/^Up .* \(health: starting\)$/);
    expect(await ok("ps", "-q", "--no-trunc", "--filter", "health=starting")).toBe(id);
    await ok("exec", id, "touch", "/go");
    await becomes(id, "healthy");
    expect((await healthOf(id))?.Log.at(-1)).toMatchObject({
      ExitCode: 0,
      Output: expect.stringContaining("fine\n"),
    });
    expect(await ok("ps", "--format", "{{.Status}}")).toMatch(/^Up .* \(healthy\)$/);
    await ok("exec", id, "touch", "/broken");
    await becomes(id, "unhealthy");
    expect((await healthOf(id))?.FailingStreak).toBeGreaterThanOrEqual(2);
    expect(await ok("ps", "--format", "{{.Status}}")).toMatch(/^Up .* \(unhealthy\)$/);
    expect(await ok("ps", "-q", "--no-trunc", "--filter", "health=unhealthy")).toBe(id);
    expect(await ok("ps", "-q", "--filter", "health=healthy", "--filter", "health=none")).toBe("");
    await ok("exec", id, "rm", "/broken");
    await becomes(id, "healthy");
    const actions = (await eventsOf(id, since)).split("\n");
    expect(actions.filter((action) => action.startsWith("health_status"))).toEqual([
      "health_status: healthy",
      "health_status: unhealthy",
      "health_status: healthy",
    ]);
    expect(actions).toContain(`exec_create: /bin/sh -c ${command}`);
    expect(actions).toContain("exec_die");
    await ok("rm", "-f", id);
  });

  test("keeps the last five results, each with at most 4096 bytes of output", async () => {
    const id = await started(
      "--health-cmd",
      "head -c 5000 /dev/zero | tr '\\0' x; exit 7",
      "--health-interval",
      "200ms",
      "--health-retries",
      "100",
    );
    await eventually(
      async () => ((await healthOf(id))?.FailingStreak ?? 0) >= 6,
      () => "six failures",
      20_000,
    );
    const health = await healthOf(id);
    expect(health?.Log).toHaveLength(5);
    expect(health?.Log[0]).toMatchObject({ ExitCode: 7, Output: `${"x".repeat(4096)}...` });
    const times = health?.Log.flatMap(({ Start, End }) => [Date.parse(Start), Date.parse(End)]) ?? [];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(health?.Status).toBe("starting");
    await ok("rm", "-f", id);
  });

  test("that hangs fails by its time, and its probe is ended", async () => {
    const id = await started(
      "--health-cmd",
      "echo waiting; exec sleep 777",
      "--health-interval",
      "200ms",
      "--health-timeout",
      "1s",
      "--health-retries",
      "1",
    );
    await becomes(id, "unhealthy");
    expect((await healthOf(id))?.Log[0]).toMatchObject({
      ExitCode: -1,
      // Docker 20.10 leaves out what the probe has said.
      Output: expect.stringMatching(/^Health check exceeded timeout \(1s\)(: waiting\n)?$/),
    });
    await ok("kill", id);
    await ok("rm", id);
  });

  test("whose command is not there fails", async () => {
    const body = {
      Image: image,
      Cmd: ["sleep", "1000"],
      Healthcheck: { Test: ["CMD", "/no/such"], Interval: 200e6, Retries: 1 },
    };
    const { Id } = (await engine.api("POST", "/containers/create", body)).json() as { Id: string };
    await ok("start", Id);
    await becomes(Id, "unhealthy");
    expect((await healthOf(Id))?.Log[0]?.Output).toContain("/no/such");
    await ok("rm", "-f", Id);
  });

  test("may fail without harm in its start period", async () => {
    const id = await started(
      "--health-cmd",
      "exit 1",
      "--health-interval",
      "200ms",
      "--health-retries",
      "1",
      "--health-start-period",
      "60s",
    );
    // Before API 1.44 there is no interval of its own for the start.
    if (engine.kind === "sampan")
      expect(await ok("inspect", "--format", "{{.Config.Healthcheck.StartPeriod}}", id)).toBe("1m0s");
    else
      await eventually(
        async () => ((await healthOf(id))?.Log.length ?? 0) >= 2,
        () => "two probes",
      );
    expect(await healthOf(id)).toMatchObject({ Status: "starting", FailingStreak: 0 });
    await ok("rm", "-f", id);
  });

  test("is not probed while it is paused, and is unhealthy once stopped", async () => {
    const id = await started("--health-cmd", "true", "--health-interval", "300ms");
    await becomes(id, "healthy");
    await ok("pause", id);
    const probes = (await healthOf(id))?.Log;
    expect(await ok("ps", "--format", "{{.Status}}")).toMatch(/^Up .* \(Paused\)$/);
    await Bun.sleep(1000);
    expect((await healthOf(id))?.Log).toEqual(probes ?? []);
    // Docker calls a container that is paused unhealthy until the probe after; here it stays what it was.
    if (engine.kind === "sampan") expect((await healthOf(id))?.Status).toBe("healthy");
    await ok("unpause", id);
    await eventually(
      async () => (await healthOf(id))?.Log.at(-1)?.Start !== probes?.at(-1)?.Start,
      () => "another probe",
    );
    await becomes(id, "healthy");
    await ok("stop", "-t", "0", id);
    expect((await healthOf(id))?.Status).toBe("unhealthy");
    expect(await ok("ps", "-a", "--format", "{{.Status}}")).toMatch(/^Exited \(137\) [^()]* ago$/);
    await ok("start", id);
    expect(await healthOf(id)).toMatchObject({ Status: "starting", FailingStreak: 0 });
    await ok("rm", "-f", id);
  });
});

describe("a container without one", () => {
  test("has no Health, and passes the filter health=none", async () => {
    const id = await started();
    expect(await healthOf(id)).toBeUndefined();
    expect(await ok("ps", "-q", "--no-trunc", "--filter", "health=none")).toBe(id);
    await ok("rm", "-f", id);
  });

  test("is one of an image with a check, run with --no-healthcheck", async () => {
    await engine.dockerWith(
      { input: new Uint8Array(1024) },
      "import",
      "--change",
      'HEALTHCHECK --interval=300ms CMD ["true"]',
      "-",
      "test/checked",
    );
    const inspected = (await engine.api("GET", "/images/test/checked/json")).json() as {
      Config: { Healthcheck: unknown };
    };
    expect(inspected.Config.Healthcheck).toEqual({ Test: ["CMD", "true"], Interval: 300e6 });
    const bare = { Image: "test/checked", Cmd: ["x"] };
    const config = async (Healthcheck: unknown): Promise<unknown> => {
      const { Id } = (await engine.api("POST", "/containers/create", { ...bare, Healthcheck })).json() as {
        Id: string;
      };
      const found = (await engine.api("GET", `/containers/${Id}/json`)).json() as {
        Config: { Healthcheck: unknown };
      };
      await ok("rm", Id);
      return found.Config.Healthcheck;
    };
    expect(await config(undefined)).toEqual({ Test: ["CMD", "true"], Interval: 300e6 });
    expect(await config({ Test: ["NONE"] })).toMatchObject({ Test: ["NONE"] });
    expect(await config({ Interval: 5e9 })).toEqual({ Test: ["CMD", "true"], Interval: 5e9 });
    await ok("rmi", "test/checked");
  });
});

test("checks that make no sense are refused", async () => {
  const refused = async (Healthcheck: unknown): Promise<unknown> =>
    (
      (await engine.api("POST", "/containers/create", { Image: image, Healthcheck })).json() as {
        message: string;
      }
    ).message;
  expect(await refused({ Test: ["CMD", "x"], Interval: 1000 })).toBe(
    "Interval in Healthcheck cannot be less than 1ms",
  );
  expect(await refused({ Test: ["CMD", "x"], Timeout: 1000 })).toBe(
    "Timeout in Healthcheck cannot be less than 1ms",
  );
  expect(await refused({ Test: ["CMD", "x"], StartPeriod: 1000 })).toBe(
    "StartPeriod in Healthcheck cannot be less than 1ms",
  );
  expect(await refused({ Test: ["CMD", "x"], Retries: -1 })).toBe(
    "Retries in Healthcheck cannot be negative",
  );
});

test.if(engine.kind === "sampan")(
  "after a restart of the daemon the checks go on where they were",
  async () => {
    const daemon = engine as Daemon;
    const healthy = await started("--health-cmd", "test ! -e /broken", "--health-interval", "500ms");
    const slow = await started("--health-cmd", "true", "--health-interval", "1h");
    await becomes(healthy, "healthy");
    for (const again of [daemon.restart, async () => daemon.kill9().then(() => daemon.start())]) {
      await again();
      expect((await healthOf(healthy))?.Status).toBe("healthy");
      expect((await healthOf(slow))?.Status).toBe("starting");
      const last = (await healthOf(healthy))?.Log.at(-1)?.Start ?? "";
      await eventually(
        async () => ((await healthOf(healthy))?.Log.at(-1)?.Start ?? "") > last,
        () => "a probe after the restart",
      );
    }
    await ok("exec", healthy, "touch", "/broken");
    await becomes(healthy, "unhealthy");
    await ok("rm", "-f", healthy, slow);
  },
);

test.if(engine.kind === "sampan")("--health-start-interval counts until the first good probe", async () => {
  const id = await started(
    "--health-cmd",
    "true",
    "--health-interval",
    "1h",
    "--health-start-period",
    "1h",
    "--health-start-interval",
    "300ms",
  );
  await becomes(id, "healthy");
  await Bun.sleep(1000);
  expect((await healthOf(id))?.Log).toHaveLength(1);
  await ok("rm", "-f", id);
});
