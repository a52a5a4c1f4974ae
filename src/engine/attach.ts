// `attach`: a client's end of a container's stdin, stdout and stderr.
import type { Duplex } from "node:stream";
import { ConflictError } from "../base/errors.ts";
import { publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";

export type AttachOptions = { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };

/**
 * Output comes down framed (stdcopy), raw with a terminal; what is written up is the program's stdin and `end()` its EOF.
 * For a container that does not run yet the stream waits for its start, as Docker's does: clients attach first, then start.
 * ConflictError while it is paused or restarting, in Docker's words.
 */
export async function attachContainer(engine: Engine, ref: string, options: AttachOptions): Promise<Duplex> {
  const record = engine.containers.find(ref);
  if (record.state.status === "paused")
    throw new ConflictError(`container ${ref} is paused, unpause the container before attach`);
  if (record.state.status === "restarting")
    throw new ConflictError(`container ${ref} is restarting, wait until the container is running`);
  const stream = await engine.monitor.attach({
    id: record.id,
    stdin: options.stdin && record.config.OpenStdin,
    stdout: options.stdout,
    stderr: options.stderr,
  });
  publishContainerEvent(engine, record, "attach");
  return stream;
}
