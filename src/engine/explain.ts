// What `sampan why` wants to know of a container beyond Docker's inspect.
import type { ContainerExtra } from "../spec/container-extra.ts";
import type { Engine } from "./engine.ts";

/** NotFoundError "No such container: x". */
export function explainContainer(engine: Engine, ref: string): ContainerExtra {
  const { id, state, lastRequest } = engine.containers.find(ref);
  const shown = state.status === "removing" ? state.before : state;
  return {
    LastRequest: lastRequest
      ? {
          Action: lastRequest.action,
          At: lastRequest.at,
          Signal: lastRequest.signal ?? 0,
          Forced: lastRequest.forced ?? false,
          By: lastRequest.by,
        }
      : null,
    ExitCodeKnown: !("known" in shown) || shown.known,
    MissingInterpreter:
      ("startError" in shown && shown.startError?.interpreter) ||
      ("interpreter" in shown && shown.interpreter) ||
      "",
    NextStartAt: engine.restarts.dueAt(id)?.toISOString() ?? "",
  };
}
