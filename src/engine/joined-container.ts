// The container named in a `container:<name or id>` mode of network, pid or ipc.
import { ConflictError } from "../base/errors.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { isUp } from "../containers/state.ts";
import type { Engine } from "./engine.ts";

/** `mode` with or without its `container:`. NotFoundError when there is none of that name. */
export function joinedContainer(engine: Engine, mode: string): ContainerRecord {
  return engine.containers.find(mode.replace(/^container:/, ""));
}

/** Its first process; refused in Docker's words unless it runs. */
export function processOf(engine: Engine, mode: string): number {
  const { id, state } = joinedContainer(engine, mode);
  if (!isUp(state))
    throw new ConflictError(
      `cannot join namespace of a non running container: container ${id} is ${state.status}`,
    );
  return state.pid;
}
