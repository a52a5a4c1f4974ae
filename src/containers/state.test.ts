import { expect, test } from "bun:test";
import { ConflictError } from "../base/errors.ts";
import { transition } from "./state.ts";
import type { ContainerEvent, ContainerState } from "./state.ts";

const exit = { exitCode: 3, finishedAt: "2026-01-01T00:00:02Z", oomKilled: false, known: true };
const process = { pid: 7, startTime: "99", startedAt: "2026-01-01T00:00:01Z" };
const startError = { message: "no such program", exitCode: 127 };

const states: Record<ContainerState["status"], ContainerState> = {
  created: { status: "created" },
  running: { status: "running", ...process },
  paused: { status: "paused", ...process },
  restarting: { status: "restarting", startedAt: process.startedAt, ...exit },
  exited: { status: "exited", startedAt: process.startedAt, ...exit },
  removing: { status: "removing", before: { status: "created" } },
  dead: { status: "dead", error: "busy" },
};

const events: Record<string, ContainerEvent> = {
  started: { type: "started", ...process },
  "start-failed": { type: "start-failed", error: startError, at: exit.finishedAt },
  paused: { type: "paused" },
  resumed: { type: "resumed" },
  exited: { type: "exited", restart: false, ...exit },
  "exited, to be restarted": { type: "exited", restart: true, ...exit },
  "restart-cancelled": { type: "restart-cancelled" },
  removing: { type: "removing" },
  "remove-failed": { type: "remove-failed", error: "busy" },
};

/** All that may happen; every pair that is not here must be refused. */
const allowed: Record<string, ContainerState["status"]> = {
  "created, started": "running",
  "created, start-failed": "created",
  "created, removing": "removing",
  "running, paused": "paused",
  "running, exited": "exited",
  "running, exited, to be restarted": "restarting",
  "paused, resumed": "running",
  "paused, exited": "exited",
  "paused, exited, to be restarted": "restarting",
  "restarting, started": "running",
  "restarting, start-failed": "exited",
  "restarting, restart-cancelled": "exited",
  "exited, started": "running",
  "exited, start-failed": "exited",
  "exited, removing": "removing",
  "removing, removing": "removing",
  "removing, remove-failed": "dead",
  "dead, removing": "removing",
};

for (const [from, state] of Object.entries(states))
  for (const [name, event] of Object.entries(events)) {
    const to = allowed[`${from}, ${name}`];
    if (to)
      test(`transition: ${from}, ${name} -> ${to}`, () => expect(transition(state, event).status).toBe(to));
    else
      test(`transition: ${from}, ${name} is refused`, () =>
        expect(() => transition(state, event)).toThrow(ConflictError));
  }

test("transition: a start that failed keeps why, as the exit code of the container", () => {
  const failed = events["start-failed"];
  if (!failed) throw new Error("no such event");
  expect(transition(states.created, failed)).toEqual({ status: "created", startError });
  expect(transition(states.exited, failed)).toMatchObject({ status: "exited", exitCode: 127, startError });
});
