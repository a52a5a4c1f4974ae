// `rm`: taking the record away is the commit; files, mounts and volumes follow off the user's path.
import { rm } from "node:fs/promises";
import { ConflictError } from "../base/errors.ts";
import { crashPoint } from "../base/crash-point.ts";
import { isStopped, isUp, transition } from "../containers/state.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { sweepLayers } from "../images/remove.ts";
import type { Digest } from "../spec/digest.ts";
import { unmountAll } from "../storage/overlay.ts";
import { publishContainerEvent, publishVolumeEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { killNow, markStoppedByUser, settled } from "./kill.ts";
import { cancelRestart } from "./restarts.ts";
import { containerRootfs } from "./rootfs.ts";
import { takeDown } from "./take-down.ts";
import { lastAnswer } from "./wait.ts";

export type RemoveOptions = {
  /** Kill it first when it runs. */
  readonly force: boolean;
  /** Its anonymous volumes too. */
  readonly volumes: boolean;
};

/** False where another removal was quicker. NotFoundError where it came before this one. */
export async function removeContainer(engine: Engine, ref: string, options: RemoveOptions): Promise<boolean> {
  const { id } = engine.containers.find(ref);
  let removed = await tryToRemove(engine, id, options);
  // A restart was waiting for the end that this removal brought about, and was quicker with its start.
  while (removed === "runs again")
    removed = engine.containers.get(id) ? await tryToRemove(engine, id, options) : false;
  return removed;
}

async function tryToRemove(
  engine: Engine,
  id: string,
  { force, volumes }: RemoveOptions,
): Promise<boolean | "runs again"> {
  if (removedAtOnce(engine, id, volumes)) return true;
  const record = await settled(engine, id);
  if (!force) refuseUnlessStopped(record);
  cancelRestart(engine, record);
  if (isUp(record.state)) {
    markStoppedByUser(engine, id);
    await killNow(engine, engine.containers.find(id));
    if (removedAtOnce(engine, id, volumes)) return true;
  }
  return await engine.locks.run(id, async () => {
    const now = engine.containers.get(id);
    if (!now) return false;
    if (force && !isStopped(now.state)) return "runs again";
    refuseUnlessStopped(now);
    engine.background.run(`clean-up of ${id}`, commitRemoval(engine, now, volumes));
    return true;
  });
}

/**
 * A container that has ended need not be waited for while its run is taken down: that looks at its record no more. But for
 * volumes, which whoever is told of the removal may remove next.
 */
function removedAtOnce(engine: Engine, id: string, volumes: boolean): boolean {
  const record = engine.containers.get(id);
  if (!record || !engine.takeDowns.isGoingDown(id) || record.state.status !== "exited") return false;
  if (record.mounts.some(({ Type }) => Type === "volume")) return false;
  engine.background.run(`clean-up of ${id}`, commitRemoval(engine, record, volumes));
  return true;
}

/**
 * From here on the container does not exist: its name is free, `wait` for its removal is answered. The work returned
 * takes away what is left of it; a crash before its end leaves a folder with no record, which the next start sweeps.
 */
export function commitRemoval(
  engine: Engine,
  record: ContainerRecord,
  volumes: boolean,
): () => Promise<void> {
  const { id } = record;
  const removing = transition(record.state, { type: "removing" });
  engine.containers.forget(id);
  crashPoint("container forgotten");
  engine.restarts.forget(id);
  engine.execs.forgetContainer(id);
  publishContainerEvent(engine, record, "destroy");
  engine.waiters.removed(id, lastAnswer(removing));
  if (volumes) for (const name of anonymousVolumes(engine, record)) removeAnonymous(engine, name);
  return () =>
    engine.locks.run(id, async () => {
      await engine.standby.release(id);
      await takeDown(engine, record);
      // Held or not: those who read it keep what they have opened.
      await unmountAll(containerRootfs(engine, id));
      await rm(engine.containers.folder(id), { recursive: true, force: true });
      engine.takeDowns.forget(id);
      if (!engine.images.get(record.imageId)) await dropLayers(engine, record); // its image went first, by force
    });
}

function removeAnonymous(engine: Engine, name: string): void {
  engine.volumes.remove(name, []);
  engine.volumeMounts.forget(name);
  publishVolumeEvent(engine, "destroy", name);
}

async function dropLayers(engine: Engine, { layers }: ContainerRecord): Promise<void> {
  await sweepLayers(engine.images, () => layersInUse(engine), layers);
}

/** Chain ids that containers stand on, whether or not their images are still there. */
export function layersInUse(engine: Engine): Digest[] {
  return engine.containers.all().flatMap(({ layers }) => layers);
}

/** Ids of the containers that mount the volume, running or not. */
export function volumeUsers(engine: Engine, name: string): string[] {
  return engine.containers
    .all()
    .filter(({ mounts }) => mounts.some((mount) => mount.Type === "volume" && mount.Name === name))
    .map(({ id }) => id);
}

function anonymousVolumes(engine: Engine, record: ContainerRecord): string[] {
  return record.mounts
    .flatMap((mount) => (mount.Type === "volume" && mount.Name !== undefined ? [mount.Name] : []))
    .filter((name) => engine.volumes.get(name)?.anonymous && volumeUsers(engine, name).length === 0);
}

function refuseUnlessStopped({ name, state }: ContainerRecord): void {
  const reason =
    state.status === "paused"
      ? "container is paused and must be unpaused first"
      : state.status === "running" || state.status === "restarting"
        ? `container is ${state.status}: stop the container before removing or force remove`
        : undefined;
  if (reason !== undefined) throw new ConflictError(`cannot remove container "/${name}": ${reason}`);
}
