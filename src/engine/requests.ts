// Who asked for what: kept in a container's record, so that one can tell who stopped it.
import type { LastRequest } from "../containers/record.ts";
import type { Engine } from "./engine.ts";

/** The wish of a client about a container's running. */
export type Request = Omit<LastRequest, "at">;

export function requestNow(engine: Engine, request: Request): LastRequest {
  return { ...request, at: engine.host.clock.now().toISOString() };
}

export function noteRequest(engine: Engine, id: string, request: Request): void {
  engine.containers.update(id, (record) => ({ ...record, lastRequest: requestNow(engine, request) }));
}
