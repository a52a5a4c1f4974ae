// The STATUS column of `docker ps`, as the daemon words it.
import { humanDuration } from "../base/human-duration.ts";
import type { Health } from "../spec/docker.ts";
import type { ContainerState } from "./state.ts";

/** `Up 3 minutes (Paused)`, `Up 3 minutes (healthy)`, `Exited (0) 2 seconds ago`, `Created`, … */
export function statusText(state: ContainerState, now: Date, health?: Health): string {
  const since = (time: string): string => humanDuration(now.getTime() - Date.parse(time));
  switch (state.status) {
    case "created":
      return "Created";
    case "running":
      return `Up ${since(state.startedAt)}${health ? ` (${healthText(health)})` : ""}`;
    case "paused":
      return `Up ${since(state.startedAt)} (Paused)`;
    case "restarting":
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case "exited":
      return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case "removing":
      return "Removal In Progress";
    case "dead":
      return "Dead";
  }
}

function healthText({ Status }: Health): string {
  return Status === "starting" ? "health: starting" : Status;
}
