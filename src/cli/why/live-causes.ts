// Causes of a container that is up, or on its way up or out.

import type { Cause } from "./causes.ts";
import { nameOf } from "./evidence.ts";
import type { Evidence } from "./evidence.ts";
import { clientText, exitText, policyText, programText, when } from "./words.ts";

const is = (status: string, { container }: Evidence) => container.State.Status === status;

export const liveCauses: readonly Cause[] = [
  {
    id: "paused",
    explain: (evidence) =>
      is("paused", evidence)
        ? {
            why: "It is paused: its processes are frozen until somebody unpauses it.",
            next: `sampan unpause ${nameOf(evidence)}`,
          }
        : undefined,
  },
  {
    id: "restart-back-off",
    explain: (evidence) => {
      const { container, extra, nowMs } = evidence;
      if (!is("restarting", evidence)) return undefined;
      const due = extra?.NextStartAt ? Date.parse(extra.NextStartAt) - nowMs : undefined;
      const soon = due === undefined ? "" : ` The next start is in ${Math.max(0, due / 1000).toFixed(1)} s.`;
      return {
        why: `It keeps ending and is started again by its policy (${policyText(container)}): ${exitText(evidence)}.${soon}`,
        details: [`It has been started again ${container.RestartCount} times; each wait is twice as long.`],
        next: `sampan logs ${nameOf(evidence)}; sampan stop ${nameOf(evidence)} ends it`,
      };
    },
  },
  {
    id: "unhealthy",
    explain: (evidence) => {
      const health = evidence.container.State.Health;
      if (!is("running", evidence) || health?.Status !== "unhealthy") return undefined;
      const last = health.Log.at(-1);
      return {
        why: `It runs, but its health check has failed ${health.FailingStreak} times in a row.`,
        details: [
          `The check is ${JSON.stringify(evidence.container.Config.Healthcheck?.Test ?? [])}`,
          ...(last === undefined
            ? []
            : [`Its last answer, with exit code ${last.ExitCode}: ${last.Output.trim() || "(nothing)"}`]),
        ],
        next: `sampan logs ${nameOf(evidence)}`,
      };
    },
  },
  {
    id: "running",
    explain: (evidence) => {
      const { container, extra, nowMs } = evidence;
      if (!is("running", evidence)) return undefined;
      const { State, RestartCount } = container;
      const request = extra?.LastRequest;
      const asked =
        request?.Action === "start" || request?.Action === "restart"
          ? ` ${request.Action === "start" ? "Started" : "Restarted"} by a request of ${clientText(request.By)}.`
          : "";
      return {
        why: `It runs ${programText(container)} since ${when(State.StartedAt, nowMs)}.${asked}`,
        details: [
          ...(RestartCount > 0
            ? [`Its policy (${policyText(container)}) has started it again ${RestartCount} times.`]
            : []),
          ...(State.Health === undefined ? [] : [`Its health check says: ${State.Health.Status}.`]),
          ...(request?.Action === "kill"
            ? [`Signal ${request.Signal} was sent to it ${when(request.At, nowMs)}.`]
            : []),
        ],
      };
    },
  },
  {
    id: "being-removed",
    explain: (evidence) =>
      is("removing", evidence) ? { why: "It is being removed: its files are going." } : undefined,
  },
  {
    id: "removal-failed",
    explain: (evidence) =>
      is("dead", evidence)
        ? {
            why: `It could not be removed altogether: ${evidence.container.State.Error || "some of its files are held"}.`,
            next: `sampan rm -f ${nameOf(evidence)}`,
          }
        : undefined,
  },
];
