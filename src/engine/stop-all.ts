// What happens to containers when the whole machine goes down: each is asked to end, as by `stop`, but by no wish of its user.
import { errorText } from "../base/errors.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { isUp } from "../containers/state.ts";
import type { Engine } from "./engine.ts";
import { settled, stopSignalOf } from "./kill.ts";
import { noteRequest } from "./requests.ts";
import { endRun, stopTimeoutOf } from "./stop.ts";

/** A little less than the service manager gives the daemon (TimeoutStopSec of the unit). */
const longestTimeoutSeconds = 100;

/** Who asked, in the record: no client. */
const ownName = "Sampan-Engine";

/**
 * All at once. A container whose policy wants another run waits for it as `restarting`, over the reboot. Returns when none
 * is up, or could not be ended.
 */
export async function stopAll(engine: Engine): Promise<void> {
  engine.restarts.suspend();
  await Promise.all(engine.containers.all().map((record) => stopOne(engine, record)));
}

async function stopOne(engine: Engine, { id }: ContainerRecord): Promise<void> {
  try {
    const record = await settled(engine, id);
    if (!isUp(record.state)) return;
    const asked = stopTimeoutOf(record);
    const timeoutSeconds = asked < 0 ? longestTimeoutSeconds : Math.min(asked, longestTimeoutSeconds);
    const request = { action: "stop", signal: stopSignalOf(record), by: ownName } as const;
    noteRequest(engine, id, request);
    await endRun(engine, record, request.signal, timeoutSeconds, () =>
      noteRequest(engine, id, { ...request, forced: true }),
    );
  } catch (err) {
    engine.host.log.error("container could not be stopped", { container: id, error: errorText(err) });
  }
}
