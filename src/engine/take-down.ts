// What a run of a container leaves behind, taken away: runtime state, network, mounts, task files. Safe to repeat, and not
// repeated where it has been done.
import { settleAll } from "../base/rollback.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { unmountAll } from "../storage/overlay.ts";
import { driverOf } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { containerRootfs } from "./rootfs.ts";
import { leaveNetwork } from "./sandbox.ts";
import { unmountSharedMemory } from "./shared-memory.ts";
import { removeTaskFiles } from "./volume-subpaths.ts";

/** Needs the container's lock. Goes on after a step that failed and names all failures in one error at the end. */
export async function takeDown(engine: Engine, record: ContainerRecord): Promise<void> {
  const { id } = record;
  if (engine.takeDowns.isDown(id)) return;
  // Where mounts have just gone: at first the container's own, with its end.
  const keepWarm = (): void => engine.cgroupLock.keepWarm();
  await engine.takeDowns.during(id, () =>
    settleAll([
      ["cgroup lock", keepWarm],
      ["execs ahead", () => engine.execsAhead.leave(id)],
      ["runtime", () => forgetInRuntime(engine, record)],
      ["network", () => leaveNetwork(engine, record)],
      ["cgroup lock", keepWarm],
      ["volumes", () => engine.volumeMounts.letGo(id)],
      ["monitor", () => engine.monitor.forget(id)],
      ["shared memory", () => unmountSharedMemory(engine.config.execRoot, id)],
      ["task files", () => removeTaskFiles(engine.config.execRoot, id)],
      ["cgroup lock", keepWarm],
      ["root file system", () => unmountUnlessHeld(engine, id)],
      ["cgroup lock", keepWarm],
    ]),
  );
}

/** A runtime that does not know the container (it never came up, or was deleted before) has nothing to forget. */
async function forgetInRuntime(engine: Engine, record: ContainerRecord): Promise<void> {
  const { exitCode, stderr } = await engine.monitor.run(driverOf(engine, record).delete(record.id));
  if (exitCode !== 0)
    engine.host.log.debug("runtime had nothing to delete", { container: record.id, stderr });
}

/** Whoever holds it unmounts it. */
async function unmountUnlessHeld(engine: Engine, id: string): Promise<void> {
  if (!engine.rootfsHolds.isHeld(id)) await unmountAll(containerRootfs(engine, id));
}
