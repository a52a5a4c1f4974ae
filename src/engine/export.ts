// `export`: the whole root file system of a container as one archive, without what is mounted into it.
import { ConflictError } from "../base/errors.ts";
import { packTree } from "../storage/tree-archive.ts";
import { openView } from "./container-view.ts";
import { publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";

/** To be read to its end or closed: the container's files are held until then. */
export async function exportContainer(engine: Engine, ref: string): Promise<AsyncGenerator<Uint8Array>> {
  const { id, state } = engine.containers.find(ref);
  if (state.status === "dead") throw new ConflictError(`You cannot export container ${id} which is Dead`);
  if (state.status === "removing")
    throw new ConflictError(`You cannot export container ${id} which is being removed`);
  const view = await openView(engine, id, { withMounts: false });
  return (async function* () {
    await using root = view;
    yield* packTree(root.fd, { sparse: true });
    publishContainerEvent(engine, root.record, "export");
  })();
}
