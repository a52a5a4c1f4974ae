// The states of a container: one union, one pure transition. Running, Paused and their like are derived when an answer is written.
import { ConflictError } from "../base/errors.ts";

/** A process that runs: `startTime` (field 22 of /proc/pid/stat) tells a reused pid apart. */
type Process = { readonly pid: number; readonly startTime: string; readonly startedAt: string };

/** How the last run ended. `known` is false when nobody could see the exit code (the monitor was lost on an old kernel). */
export type Exit = {
  readonly exitCode: number;
  readonly finishedAt: string;
  readonly oomKilled: boolean;
  readonly known: boolean;
  /** The program was there, but not this, which it was to be run by. */
  readonly interpreter?: string;
};

export type ContainerState =
  | { readonly status: "created"; readonly startError?: StartError }
  | ({ readonly status: "running" } & Process)
  /** `by`: who will resume it, where that is not the user. */
  | ({ readonly status: "paused"; readonly by?: "commit" } & Process)
  | ({ readonly status: "restarting"; readonly startedAt: string } & Exit)
  | ({ readonly status: "exited"; readonly startedAt: string; readonly startError?: StartError } & Exit)
  | { readonly status: "removing"; readonly before: StoppedState }
  | { readonly status: "dead"; readonly error: string };

export type StoppedState = Extract<ContainerState, { status: "created" | "exited" | "dead" }>;

/** Why the last start did not come to be: Docker shows it as State.Error with the exit code of `docker run`. */
export type StartError = {
  readonly message: string;
  readonly exitCode: number;
  /** The program is there, but not this, which it is to be run by. */
  readonly interpreter?: string;
};

export type ContainerEvent =
  | ({ readonly type: "started" } & Process)
  | { readonly type: "start-failed"; readonly error: StartError; readonly at: string }
  | { readonly type: "paused"; readonly by?: "commit" }
  | { readonly type: "resumed" }
  /** `restart` says that the restart policy wants another run after this one. */
  | ({ readonly type: "exited"; readonly restart: boolean } & Exit)
  /** A stop came while the engine waited to restart the container. */
  | { readonly type: "restart-cancelled" }
  | { readonly type: "removing" }
  | { readonly type: "remove-failed"; readonly error: string };

/** The state after `event`, or ConflictError where that event cannot happen in `state`. */
export function transition(state: ContainerState, event: ContainerEvent): ContainerState {
  const refuse = (): never => {
    throw new ConflictError(`a container that is ${state.status} cannot be ${event.type}`);
  };
  switch (event.type) {
    case "started": {
      if (state.status !== "created" && state.status !== "exited" && state.status !== "restarting")
        return refuse();
      const { pid, startTime, startedAt } = event;
      return { status: "running", pid, startTime, startedAt };
    }
    case "start-failed":
      if (state.status === "created") return { status: "created", startError: event.error };
      if (state.status !== "exited" && state.status !== "restarting") return refuse();
      return {
        status: "exited",
        startedAt: state.startedAt,
        finishedAt: event.at,
        exitCode: event.error.exitCode,
        oomKilled: false,
        known: true,
        startError: event.error,
      };
    case "paused":
      if (state.status !== "running") return refuse();
      return { ...state, status: "paused", ...(event.by !== undefined && { by: event.by }) };
    case "resumed": {
      if (state.status !== "paused") return refuse();
      const { by: _, ...running } = state;
      return { ...running, status: "running" };
    }
    case "exited": {
      if (state.status !== "running" && state.status !== "paused") return refuse();
      const { exitCode, finishedAt, oomKilled, known, interpreter } = event;
      const exit = {
        startedAt: state.startedAt,
        exitCode,
        finishedAt,
        oomKilled,
        known,
        ...(interpreter !== undefined && { interpreter }),
      };
      return { status: event.restart ? "restarting" : "exited", ...exit };
    }
    case "restart-cancelled":
      return state.status === "restarting" ? { ...state, status: "exited" } : refuse();
    case "removing":
      if (state.status === "removing") return state;
      return isStopped(state) ? { status: "removing", before: state } : refuse();
    case "remove-failed":
      return state.status === "removing" ? { status: "dead", error: event.error } : refuse();
  }
}

export function isStopped(state: ContainerState): state is StoppedState {
  return state.status === "created" || state.status === "exited" || state.status === "dead";
}

/** Whether a process of the container exists. */
export function isUp(state: ContainerState): state is Extract<ContainerState, { pid: number }> {
  return state.status === "running" || state.status === "paused";
}
