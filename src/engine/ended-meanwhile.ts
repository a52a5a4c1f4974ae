// A program may end while something is being done to its container, before its exit has been recorded. What fails then
// is no fault of the runtime's.
import type { Engine } from "./engine.ts";

/** Whether the container's program has ended already, in spite of what its record says. */
export async function hasEnded(engine: Engine, id: string): Promise<boolean> {
  const task = (await engine.monitor.list()).find((one) => one.id === id);
  return task === undefined || task.exit !== undefined;
}
