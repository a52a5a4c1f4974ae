// `wait`: the exit code of a container when it has ended, will have ended next, or is gone.
import { InvalidParameterError } from "../base/errors.ts";
import { isUp } from "../containers/state.ts";
import type { ContainerState } from "../containers/state.ts";
import type { WaitAnswer } from "../spec/docker.ts";
import type { Engine } from "./engine.ts";
import type { WaitCondition } from "./waiters.ts";

/**
 * Registered when this returns, so that an exit from then on is not missed; an unknown container or condition throws at once.
 * `not-running` of a container that does not run answers with its last exit code, as Docker does.
 */
export function waitContainer(
  engine: Engine,
  ref: string,
  condition: string,
  signal?: AbortSignal,
): Promise<WaitAnswer> {
  const { id, state } = engine.containers.find(ref);
  const checked = checkCondition(condition);
  if (checked === "not-running" && !isUp(state) && state.status !== "restarting")
    return Promise.resolve(lastAnswer(state));
  return engine.waiters.next(id, checked, signal);
}

/** What `wait` answers for a container that does not run. */
export function lastAnswer(state: ContainerState): WaitAnswer {
  if (state.status === "removing") return lastAnswer(state.before);
  if (state.status === "exited" || state.status === "restarting") return { StatusCode: state.exitCode };
  if (state.status === "created" && state.startError) return { StatusCode: state.startError.exitCode };
  return { StatusCode: 0 };
}

/** @throws InvalidParameterError for one that there is not. */
export function checkCondition(condition: string): WaitCondition {
  switch (condition) {
    case "":
    case "not-running":
      return "not-running";
    case "next-exit":
    case "removed":
      return condition;
    default:
      throw new InvalidParameterError(`invalid condition: "${condition}"`);
  }
}
