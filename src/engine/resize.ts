// `resize`: the window size of a container's terminal.
import { ConflictError } from "../base/errors.ts";
import { isUp } from "../containers/state.ts";
import { publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";

export type WindowSize = { readonly rows: number; readonly columns: number };

export async function resizeContainer(engine: Engine, ref: string, size: WindowSize): Promise<void> {
  const record = engine.containers.find(ref);
  if (!isUp(record.state)) throw new ConflictError(`container ${record.id} is not running`);
  if (record.config.Tty) await engine.monitor.resize(record.id, size);
  publishContainerEvent(engine, record, "resize", { height: String(size.rows), width: String(size.columns) });
}
