// What cannot be made to happen at will, and that the table is sound. The rest happens in test/api/why.test.ts.
import { describe, expect, test } from "bun:test";
import type { ContainerInspect } from "../../spec/docker.ts";
import { causes, findCause } from "./causes.ts";
import type { Evidence } from "./evidence.ts";

type Parts = { readonly State?: object; readonly HostConfig?: object } & Partial<Omit<Evidence, "container">>;

function evidence({ State = {}, HostConfig = {}, ...more }: Parts): Evidence {
  const container = {
    Name: "/web",
    Created: "2026-11-24T10:00:00Z",
    Path: "server",
    Args: ["-v"],
    State: {
      Status: "exited",
      Running: false,
      ExitCode: 0,
      Error: "",
      OOMKilled: false,
      StartedAt: "2026-11-24T10:00:00Z",
      FinishedAt: "2026-11-24T11:00:00Z",
      ...State,
    },
    Config: { Env: [], User: "", OpenStdin: false, Healthcheck: { Test: ["CMD", "check"] } },
    HostConfig: { Memory: 0, RestartPolicy: { Name: "no", MaximumRetryCount: 0 }, ...HostConfig },
    Mounts: [],
    RestartCount: 0,
  } as unknown as ContainerInspect;
  return { container, logTail: [], nowMs: Date.parse("2026-11-24T12:00:00Z"), ...more };
}

test("every cause has a name of its own", () => {
  const ids = causes.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThanOrEqual(12);
});

describe("findCause", () => {
  test("port-taken", () => {
    const found = findCause(
      evidence({
        State: { Status: "created", Error: "Bind for 0.0.0.0:80 failed: port is already allocated" },
        HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "80" }] } },
      }),
    );
    expect(found).toMatchObject({ cause: "port-taken" });
    expect(found.details?.[0]).toBe("Published: 80");
  });

  test("start-failed: the engine's own words where nothing better is known", () => {
    const Error =
      "failed to create task for container: failed to create shim task: OCI runtime create failed: crun create failed: something odd: unknown";
    const found = findCause(evidence({ State: { Status: "created", Error } }));
    expect(found).toMatchObject({ cause: "start-failed", why: "The start failed: something odd." });
  });

  test("unhealthy: with the check's last answer", () => {
    const Log = [{ Start: "", End: "", ExitCode: 1, Output: "no answer\n" }];
    const Health = { Status: "unhealthy", FailingStreak: 4, Log };
    const { cause, why, details } = findCause(
      evidence({ State: { Status: "running", Running: true, Health } }),
    );
    expect({ cause, why }).toEqual({
      cause: "unhealthy",
      why: "It runs, but its health check has failed 4 times in a row.",
    });
    expect(details).toContain("Its last answer, with exit code 1: no answer");
  });

  test("removal-failed and being-removed", () => {
    expect(findCause(evidence({ State: { Status: "dead", Error: "busy" } })).cause).toBe("removal-failed");
    expect(findCause(evidence({ State: { Status: "removing" } })).cause).toBe("being-removed");
  });

  test("a kill long before its end is no cause", () => {
    const LastRequest = {
      Action: "kill",
      At: "2026-11-24T10:00:01Z",
      Signal: 1,
      Forced: false,
      By: "x",
    } as const;
    const extra = { LastRequest, ExitCodeKnown: true, MissingInterpreter: "", NextStartAt: "" };
    expect(findCause(evidence({ extra })).cause).toBe("finished");
    expect(findCause(evidence({ extra, State: { ExitCode: 129 } })).cause).toBe("killed-by-request");
  });

  test("another engine, which knows less, is explained as far as that goes", () => {
    expect(findCause(evidence({ State: { ExitCode: 137 } })).cause).toBe("killed-by-signal");
    expect(findCause(evidence({ State: { ExitCode: 137, OOMKilled: true } })).cause).toBe("out-of-memory");
  });

  test("a state that no cause knows is told as it is", () => {
    expect(findCause(evidence({ State: { Status: "strange" } }))).toMatchObject({
      cause: "unknown",
      why: "The container is strange.",
    });
  });

  test("what it depends on is told besides", () => {
    const { cause, details } = findCause(evidence({ joined: { name: "net", state: undefined } }));
    expect(cause).toBe("finished");
    expect(details).toContain("It shares a namespace of the container net, which is gone.");
  });
});
