import { expect, test } from "bun:test";
import type { ContainerState } from "./state.ts";
import { statusText } from "./status-text.ts";

const now = new Date("2026-11-23T12:00:00Z");
const process = { pid: 7, startTime: "1", startedAt: "2026-11-23T11:57:00Z" };
const exit = { exitCode: 3, finishedAt: "2026-11-23T11:59:58Z", oomKilled: false, known: true };

const cases: readonly [ContainerState, string][] = [
  [{ status: "created" }, "Created"],
  [{ status: "running", ...process }, "Up 3 minutes"],
  [{ status: "paused", ...process }, "Up 3 minutes (Paused)"],
  [{ status: "restarting", startedAt: process.startedAt, ...exit }, "Restarting (3) 2 seconds ago"],
  [{ status: "exited", startedAt: process.startedAt, ...exit }, "Exited (3) 2 seconds ago"],
  [{ status: "removing", before: { status: "created" } }, "Removal In Progress"],
  [{ status: "dead", error: "busy" }, "Dead"],
];
for (const [state, text] of cases)
  test(`statusText: ${state.status} reads "${text}"`, () => expect(statusText(state, now)).toBe(text));
