// ps and its filters, inspect, top, events, info and version.
import { describe, expect, test } from "bun:test";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const { ok } = engine;

describe("ps", () => {
  test("shows what runs; -a all, -l the last, -n the last few", async () => {
    const [a, b] = [
      await ok("run", "-d", "--name", "aa", image, "sleep", "1000"),
      await ok("create", "--name", "bb", image),
    ];
    expect(await ok("ps", "-q", "--no-trunc")).toBe(a);
    expect(await ok("ps", "-aq", "--no-trunc")).toBe(`${b}\n${a}`);
    expect(await ok("ps", "-lq", "--no-trunc")).toBe(b);
    expect(await ok("ps", "-n", "1", "-q", "--no-trunc")).toBe(b);
    expect(await ok("ps", "--format", "{{.Names}} {{.Image}} {{.Command}} {{.State}}")).toBe(
      `aa ${image} "sleep 1000" running`,
    );
    expect(await ok("ps", "--format", "{{.Status}}")).toMatch(
      /^Up (Less than a second|\d+ seconds?|About a minute)$/,
    );
    await ok("rm", "-f", "aa", "bb");
  });

  test("filters choose by name, label, status, exit code, ancestor, id, volume, network, before and since", async () => {
    const running = await ok(
      "run",
      "-d",
      "--name",
      "harbour",
      "--label",
      "kind=port",
      "--label",
      "x",
      "-v",
      "hold:/hold",
      image,
      "sleep",
      "1000",
    );
    const exited = await ok(
      "run",
      "-d",
      "--name",
      "wreck",
      "--label",
      "kind=ship",
      "--network",
      "none",
      image,
      "sh",
      "-c",
      "exit 3",
    );
    await ok("wait", exited);
    const created = await ok("create", "--name", "hull", image);
    const ids = async (...filters: string[]): Promise<string[]> => {
      const flags = filters.flatMap((filter) => ["--filter", filter]);
      return (await ok("ps", "-aq", "--no-trunc", ...flags)).split("\n").filter((line) => line !== "");
    };
    const table: [string[], string[]][] = [
      [["name=harb"], [running]],
      [["name=^/wreck$"], [exited]],
      [["name=h"], [created, running]],
      [["label=kind"], [exited, running]],
      [["label=kind=ship"], [exited]],
      [["label=kind=port", "label=x"], [running]],
      [["status=running"], [running]],
      [
        ["status=exited", "status=created"],
        [created, exited],
      ],
      [["exited=3"], [exited]],
      [[`ancestor=${image}`], [created, exited, running]],
      [["ancestor=other"], []],
      [[`id=${running.slice(0, 12)}`], [running]],
      [["volume=hold"], [running]],
      [["network=none"], [exited]],
      [[`before=${created}`], [exited, running]],
      [[`since=${running}`], [created, exited]],
      [["status=running", "name=wreck"], []],
    ];
    for (const [filters, expected] of table)
      expect([filters, await ids(...filters)]).toEqual([filters, expected]);
    await ok("rm", "-f", running, exited, created);
  });

  test("an unknown filter or status is refused", async () => {
    expect((await engine.docker("ps", "--filter", "colour=red")).stderr).toMatch(
      /[Ii]nvalid filter 'colour'/,
    );
    expect((await engine.docker("ps", "--filter", "status=sunk")).stderr).toMatch(
      /Unrecognised filter value for status: sunk|[Ii]nvalid filter 'status=sunk'/,
    );
  });

  test("-s gives sizes", async () => {
    const id = await ok("run", "-d", image, "sh", "-c", "head -c 500000 /dev/zero > /big; sleep 1000");
    await Bun.sleep(500);
    expect(await ok("ps", "-s", "--format", "{{.Size}}")).toMatch(/^500kB \(virtual \d/);
    await ok("rm", "-f", id);
  });
});

describe("inspect", () => {
  test("tells of a running container what was asked for and what it became", async () => {
    const id = await ok(
      "run",
      "-d",
      "--name",
      "seen",
      "-e",
      "A=1",
      "--label",
      "l=v",
      "-w",
      "/tmp",
      "-u",
      "alice",
      "-m",
      "64m",
      "--restart",
      "on-failure:3",
      image,
      "sleep",
      "1000",
    );
    const found = (await engine.api("GET", `/v1.41/containers/${id}/json`)).json() as Record<string, unknown>;
    expect(found).toMatchObject({
      Id: id,
      Name: "/seen",
      Path: "sleep",
      Args: ["1000"],
      RestartCount: 0,
      Driver: expect.any(String),
      Platform: "linux",
      State: {
        Status: "running",
        Running: true,
        Paused: false,
        Restarting: false,
        OOMKilled: false,
        Dead: false,
        ExitCode: 0,
        Error: "",
        FinishedAt: "0001-01-01T00:00:00Z",
      },
      Config: {
        Image: image,
        User: "alice",
        WorkingDir: "/tmp",
        Cmd: ["sleep", "1000"],
        Labels: { l: "v" },
        Tty: false,
        OpenStdin: false,
      },
      HostConfig: {
        Memory: 67108864,
        RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 },
        LogConfig: { Type: "json-file" },
      },
    });
    const { Created, Image, State, Config } = found as {
      Created: string;
      Image: string;
      State: { Pid: number; StartedAt: string };
      Config: { Env: string[]; Hostname: string };
    };
    expect(Date.parse(Created)).toBeWithin(Date.now() - 60_000, Date.now() + 1);
    expect(Date.parse(State.StartedAt)).toBeWithin(Date.now() - 60_000, Date.now() + 1);
    expect(State.Pid).toBeGreaterThan(1);
    expect(Image).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(Config.Env).toContain("A=1");
    expect(Config.Hostname).toBe(id.slice(0, 12));
    await ok("rm", "-f", id);
  });

  test("an object that is not there is an error on its own", async () => {
    const id = await ok("create", image);
    const { exitCode, stdout, stderr } = await engine.docker(
      "inspect",
      "--format",
      "{{.Id}}",
      id,
      "nosuchthing",
    );
    expect([exitCode, stdout]).toEqual([1, `${id}\n`]);
    expect(stderr).toContain("No such object: nosuchthing");
    await ok("rm", id);
  });
});

test("top shows the container's processes by the host's ps", async () => {
  const id = await ok("run", "-d", image, "sleep", "4321");
  const text = await ok("top", id);
  expect(text.split("\n")[0]).toMatch(/UID\s+PID\s+PPID/);
  expect(text).toContain("sleep 4321");
  expect(await ok("top", id, "-o", "pid,args")).toMatch(/PID\s+COMMAND\n\d+\s+sleep 4321/);
  await ok("rm", "-f", id);
});

describe("events", () => {
  test("of a short life are create, attach, start, die, destroy in order", async () => {
    const since = (Date.now() / 1000).toFixed(9);
    await engine.docker(
      "run",
      "--rm",
      "--name",
      "eventful",
      "--network",
      "none",
      image,
      "sh",
      "-c",
      "exit 4",
    );
    await Bun.sleep(500);
    const until = (Date.now() / 1000).toFixed(9);
    const text = await ok(
      "events",
      "--since",
      since,
      "--until",
      until,
      "--filter",
      "type=container",
      "--format",
      "{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}",
    );
    expect(text.split("\n").map((line) => line.replace(" <no value>", ""))).toEqual([
      "create eventful",
      "attach eventful",
      "start eventful",
      "die eventful 4",
      "destroy eventful",
    ]);
  });

  test("tell of networks and volumes that a container takes and lets go, of execs and of terminals", async () => {
    const since = (Date.now() / 1000).toFixed(9);
    await ok("volume", "create", "cargo");
    const id = await ok(
      "run",
      "-dt",
      "--name",
      "laden",
      "-v",
      "cargo:/hold",
      "-v",
      "/own",
      image,
      "sleep",
      "100",
    );
    await ok("exec", id, "echo", "a", "b");
    await ok("exec", id, "true");
    expect((await engine.api("POST", `/containers/${id}/resize?h=11&w=22`)).status).toBe(200);
    await ok("rename", "laden", "unladen");
    await ok("kill", id);
    await ok("rm", "-v", id);
    await ok("volume", "rm", "cargo");
    // Unmounting is told of after the end, by 20.10 a moment later.
    await Bun.sleep(500);
    const until = (Date.now() / 1000).toFixed(9);
    const text = (await engine.api("GET", `/events?since=${since}&until=${until}`)).body;
    const shown = text
      .trimEnd()
      .split("\n")
      .map(
        (line) =>
          JSON.parse(line) as {
            Type: string;
            Action: string;
            Actor: { ID: string; Attributes: Record<string, string> };
          },
      )
      .filter(({ Action }) => !Action.startsWith("exec_die"))
      .map(({ Type, Action, Actor: { ID, Attributes } }) => {
        const { execID: _id, execDuration: _ran, ...rest } = Attributes;
        return [Type, Action, Type === "volume" && ID.length === 64 ? "anonymous" : ID, rest] as const;
      });
    const attributes = { image, name: "laden" };
    const renamed = { image, name: "unladen" };
    const volume = { driver: "local" };
    const mount = { ...volume, container: id, propagation: "", "read/write": "true" };
    const network = { container: id, name: "bridge", type: "bridge" };
    const bridge = await ok("network", "inspect", "--format", "{{.ID}}", "bridge");
    // Docker tells of a volume's making again whenever a container names it.
    const isAgain = (event: (typeof shown)[number], at: number): boolean =>
      event[1] === "create" && event[2] === "cargo" && at > 0;
    const inOrder = ([type, action, actor]: (typeof shown)[number]): string => `${type} ${action} ${actor}`;
    const expected = [
      ["volume", "create", "cargo", volume],
      ["volume", "create", "anonymous", volume],
      ["container", "create", id, attributes],
      ["network", "connect", bridge, network],
      ["volume", "mount", "cargo", { ...mount, destination: "/hold" }],
      ["volume", "mount", "anonymous", { ...mount, destination: "/own" }],
      ["container", "start", id, attributes],
      ["container", "exec_create: echo a b", id, attributes],
      ["container", "exec_start: echo a b", id, attributes],
      ["container", "exec_create: true ", id, attributes],
      ["container", "exec_start: true ", id, attributes],
      ["container", "resize", id, { ...attributes, height: "11", width: "22" }],
      ["container", "rename", id, { ...renamed, oldName: "/laden" }],
      ["container", "kill", id, { ...renamed, signal: "9" }],
      ["container", "die", id, { ...renamed, exitCode: "137" }],
      ["network", "disconnect", bridge, network],
      ["volume", "unmount", "cargo", { ...volume, container: id }],
      ["volume", "unmount", "anonymous", { ...volume, container: id }],
      ["container", "destroy", id, renamed],
      ["volume", "destroy", "anonymous", volume],
      ["volume", "destroy", "cargo", volume],
    ] as const;
    // Of the volumes of one container, and of a container and its volumes, the order is not fixed.
    const sorted = (events: readonly (readonly [string, string, string, object])[]): unknown[] =>
      events.toSorted((a, b) => (inOrder(a as never) < inOrder(b as never) ? -1 : 1));
    expect(sorted(shown.filter((event, at) => !isAgain(event, at)) as never)).toEqual(
      sorted(expected as never),
    );
    const containerEvents = (events: readonly (readonly [string, string, ...unknown[]])[]): string[] =>
      events.filter(([type]) => type !== "volume").map(([type, action]) => `${type} ${action}`);
    expect(containerEvents(shown)).toEqual(containerEvents(expected));
  });

  test.if(engine.kind === "sampan")(
    "come as JSON lines, or as a JSON text sequence to those who ask",
    async () => {
      const since = (Date.now() / 1000).toFixed(9);
      const id = await ok("create", image);
      await ok("rm", id);
      const until = (Date.now() / 1000).toFixed(9);
      const events = async (version: string, Accept: string): Promise<[string | null, string[]]> => {
        const path = `/${version}/events?since=${since}&until=${until}`;
        const answer = await fetch(`http://engine${path}`, { unix: engine.socket, headers: { Accept } });
        return [answer.headers.get("content-type"), (await answer.text()).split("\n").slice(0, -1)];
      };
      const table: [string, string, string][] = [
        ["v1.51", "*/*", "application/json"],
        ["v1.52", "*/*", "application/jsonl"],
        ["v1.52", "application/x-ndjson", "application/x-ndjson"],
        ["v1.53", "application/json, application/jsonl;q=0.5", "application/jsonl"],
        ["v1.52", "application/json-seq", "application/json-seq"],
      ];
      for (const [version, accept, type] of table) {
        const [contentType, lines] = await events(version, accept);
        expect([accept, contentType]).toEqual([accept, type]);
        expect(lines.every((line) => line.startsWith("\u001e") === (type === "application/json-seq"))).toBe(
          true,
        );
        expect(
          lines.map((line) => (JSON.parse(line.replace("\u001e", "")) as { Action: string }).Action),
        ).toEqual(["create", "destroy"]);
      }
      const refused = await engine.api("GET", "/events?since=x");
      expect([refused.status, refused.json()]).toEqual([
        400,
        { message: `invalid value for 'since': invalid timestamp "x": invalid seconds "x": invalid syntax` },
      ]);
    },
  );

  test("filters choose by event and container", async () => {
    const since = (Date.now() / 1000).toFixed(9);
    const [a, b] = [await ok("create", "--label", "mark=1", image), await ok("create", image)];
    await ok("rm", a);
    await ok("rm", b);
    const until = (Date.now() / 1000).toFixed(9);
    const events = (...filters: string[]) =>
      ok(
        "events",
        "--since",
        since,
        "--until",
        until,
        ...filters.flatMap((filter) => ["--filter", filter]),
        "--format",
        "{{.Action}} {{.Actor.ID}}",
      );
    expect(await events(`container=${a}`)).toBe(`create ${a}\ndestroy ${a}`);
    expect(await events("event=destroy", "type=container")).toBe(`destroy ${a}\ndestroy ${b}`);
    expect(await events("label=mark=1", "event=create")).toBe(`create ${a}`);
  });

  test("are seen by one who waits for them", async () => {
    const seen = engine.docker(
      "events",
      "--since",
      (Date.now() / 1000).toFixed(9),
      "--until",
      (Date.now() / 1000 + 2).toFixed(3),
      "--filter",
      "event=create",
      "--format",
      "{{.Actor.ID}}",
    );
    await Bun.sleep(500);
    const id = await ok("create", image);
    expect((await seen).stdout).toBe(`${id}\n`);
    await ok("rm", id);
  });
});

describe("the engine", () => {
  test("_ping, version and info answer", async () => {
    expect((await engine.api("GET", "/_ping")).body).toBe("OK");
    const version = (await engine.api("GET", "/version")).json() as { ApiVersion: string; Os: string };
    expect(Number(version.ApiVersion.split(".")[1])).toBeGreaterThanOrEqual(41);
    expect(version.Os).toBe("linux");
    const info = (await engine.api("GET", "/info")).json() as {
      Containers: number;
      OSType: string;
      CgroupVersion: string;
      NCPU: number;
    };
    expect(info.OSType).toBe("linux");
    expect(info.NCPU).toBeGreaterThan(0);
  });

  test("old and present API versions are served, others refused", async () => {
    for (const version of ["1.24", "1.41"])
      expect((await engine.api("GET", `/v${version}/containers/json`)).status).toBe(200);
    const tooNew = await engine.api("GET", "/v9.99/containers/json");
    expect(tooNew.status).toBe(400);
    expect(tooNew.body).toContain("client version 9.99 is too new");
    expect((await engine.api("GET", "/v1.4/containers/json")).body).toContain(
      "client version 1.4 is too old",
    );
  });

  test("swarm calls answer as a node outside a swarm", async () => {
    const { status, body } = await engine.api("GET", "/nodes");
    expect(status).toBe(503);
    expect(body).toContain("This node is not a swarm manager");
  });
});
