// What a daemon does before it listens: compare the records with what the monitor and the kernel say, and make them one.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { errorText, hasCode } from "../base/errors.ts";
import { containerRootfs } from "./rootfs.ts";
import { adoptVolumes } from "./volumes.ts";
import { startingHealth } from "../containers/health.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { wantsStartWithDaemon } from "../containers/restart-policy.ts";
import { isUp, transition } from "../containers/state.ts";
import type { ContainerState } from "../containers/state.ts";
import { sweepLayers } from "../images/remove.ts";
import { exitStatusIn } from "../runtime/lxc-exit.ts";
import { removeLeftovers } from "../runtime/cgroup-processes.ts";
import type { MonitorClient } from "../runtime/monitor-client.ts";
import type { TaskStatus } from "../runtime/monitor-protocol.ts";
import { unmountAll } from "../storage/overlay.ts";
import { exitOf, processStartTime } from "../sys/process.ts";
import { driverOf } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { execExited } from "./exec.ts";
import { containerExited } from "./exit-path.ts";
import type { TaskEnd } from "./exit-path.ts";
import { resumeAfterCommit } from "./pause.ts";
import { adoptNetwork } from "./sandbox.ts";
import { layersInUse } from "./remove.ts";
import { startNotesOf } from "./start-notes.ts";
import { startContainer } from "./start.ts";
import { containerTask } from "./task.ts";
import { endWaiting } from "./standby.ts";
import { unmountSharedMemory } from "./shared-memory.ts";
import { removeOldKits } from "./sysinit.ts";
import { taskFiles, tasksFolder } from "./task-paths.ts";
import { removeTaskFiles, unmountSubpaths } from "./volume-subpaths.ts";
import { answerInsideAgain } from "./way-to-names.ts";

/** Exit code of a run whose end nobody saw (a reboot, a lost monitor on an old kernel): dockerd's too after a host crash. */
const unknownExitCode = 255;

/** Brings records and kernel together. Containers whose policy wants it are started in the background. */
export async function restore(engine: Engine): Promise<void> {
  const before = engine.containers.all();
  const wereUp = new Set(before.filter(({ state }) => isUp(state)).map(({ id }) => id));
  // Before anything is waited for: an exit that is told meanwhile gives back what has been adopted.
  for (const record of before)
    if (isUp(record.state)) {
      adoptNetwork(engine, record);
      adoptVolumes(engine, record);
    }
  const tasks = new Map((await engine.monitor.list()).map((task) => [task.id, task]));
  for (const record of before)
    if (isUnrecordedStart(record, tasks.get(record.id))) adoptNotes(engine, record.id);
  const networksOpen = Promise.all([engine.networks.openWayOut(), engine.published.holdAdopted()]);
  networksOpen.catch(() => {}); // awaited below
  for (const { id } of before) await reconcile(engine, engine.containers.find(id), tasks.get(id));
  for (const task of tasks.values()) if (!engine.containers.get(task.id)) await dropUnknownTask(engine, task);
  await networksOpen;
  await answerInsideAgain(engine);
  // The daemon before died in the middle of a commit.
  for (const { id } of before) await resumeAfterCommit(engine, id);
  await sweep(engine);
  await sweepLayers(engine.images, () => layersInUse(engine));
  // Not before: the sweep would take what a start has made so far for leftovers.
  engine.restarts.resume();
  for (const { id, state } of engine.containers.all())
    if (state.status === "running") engine.healthChecks.watch(engine, id);
  for (const record of engine.containers.all()) startByPolicy(engine, record, wereUp.has(record.id));
}

/** While the monitor is being replaced: whatever runs is handed to the new one. */
export async function handOver(engine: Engine, monitor: Pick<MonitorClient, "adopt">): Promise<void> {
  for (const record of engine.containers.all()) {
    if (!isRunning(record)) continue;
    try {
      await adopt(engine, record, monitor);
    } catch (err) {
      // One that cannot be had must not keep the monitor from all others.
      engine.host.log.error("container not adopted", { container: record.id, error: errorText(err) });
    }
  }
}

/**
 * After it was replaced: what does not run any more has ended. Execs are not handed over: their streams went with the old
 * one, and those who wait for their end are told that it cannot be known.
 */
export async function endTheLost(engine: Engine): Promise<void> {
  const execs = engine.execs.running();
  const tasks = new Map((await engine.monitor.list()).map((task) => [task.id, task]));
  for (const record of engine.containers.all()) await reconcile(engine, record, tasks.get(record.id));
  for (const id of execs) if (!tasks.has(id)) await execExited(engine, id, unknownEnd(engine));
  await engine.published.holdAgain();
}

function unknownEnd(engine: Engine): TaskEnd {
  return {
    exitCode: unknownExitCode,
    finishedAt: engine.host.clock.now().toISOString(),
    known: false,
  };
}

async function reconcile(
  engine: Engine,
  record: ContainerRecord,
  task: TaskStatus | undefined,
): Promise<void> {
  const { id, state } = record;
  if (!isUp(state)) {
    if (isUnrecordedStart(record, task)) await adoptUnrecordedStart(engine, record, task);
    return;
  }
  if (task?.exit) return containerExited(engine, id, task.exit);
  if (task) return;
  if (isRunning(record)) return adopt(engine, record, engine.monitor);
  const end =
    readExitRecord(engine, record, state.startedAt) ?? runtimesWord(engine, record) ?? unknownEnd(engine);
  if (!end.known) engine.host.log.warn("container ended unseen, exit code unknown", { container: id });
  return containerExited(engine, id, end);
}

type UpRecord = ContainerRecord & { readonly state: Extract<ContainerState, { pid: number }> };

/** Whether the very process of the record is there. */
function isRunning(record: ContainerRecord): record is UpRecord {
  const { state } = record;
  return isUp(state) && processStartTime(state.pid) === state.startTime;
}

async function adopt(engine: Engine, record: UpRecord, monitor: Pick<MonitorClient, "adopt">): Promise<void> {
  const { pid, startTime } = record.state;
  engine.host.log.info("container adopted", { container: record.id, pid });
  await monitor.adopt(containerTask(engine, record), pid, startTime);
}

/** A container that is on its way out holds nothing that could be given to others. */
function isUnrecordedStart({ state }: ContainerRecord, task: TaskStatus | undefined): task is TaskStatus {
  return task !== undefined && !isUp(state) && state.status !== "removing" && state.status !== "dead";
}

/** The daemon before died in the middle of this container's start: what it had got for it is its. */
function adoptNotes(engine: Engine, id: string): void {
  try {
    const notes = startNotesOf(engine, id);
    if (notes !== undefined)
      adoptNetwork(
        engine,
        engine.containers.update(id, (now) => ({ ...now, ...notes })),
      );
  } catch (err) {
    engine.host.log.error("network of a start not adopted", { container: id, error: errorText(err) });
  }
}

/** The daemon died between the start and its record: the monitor knows what became of it. */
async function adoptUnrecordedStart(
  engine: Engine,
  record: ContainerRecord,
  task: TaskStatus,
): Promise<void> {
  const { id } = record;
  const { pid, startTime } = task;
  const startedAt = engine.host.clock.now().toISOString();
  engine.containers.update(id, (now) => ({
    ...now,
    ...startingHealth(now),
    state: transition(now.state, { type: "started", pid, startTime, startedAt }),
  }));
  adoptVolumes(engine, record);
  if (task.exit) await containerExited(engine, id, task.exit);
}

/** The exit record that the monitor wrote for this very run; an older one's tells nothing. */
function readExitRecord(engine: Engine, record: ContainerRecord, startedAt: string): TaskEnd | undefined {
  const path = join(engine.containers.folder(record.id), "exit.json");
  try {
    const end = JSON.parse(readFileSync(path, "utf8")) as TaskEnd;
    return end.finishedAt >= startedAt ? end : undefined;
  } catch (err) {
    if (!hasCode(err, "ENOENT"))
      engine.host.log.warn("exit record cannot be read", { container: record.id, error: errorText(err) });
    return undefined;
  }
}

/** A runtime that is the parent of its containers' programs saw the end when nobody else was there. */
function runtimesWord(engine: Engine, record: ContainerRecord): TaskEnd | undefined {
  const messages = driverOf(engine, record).endFiles?.(record.id).exitMessages;
  const status = messages === undefined ? undefined : exitStatusIn(messages);
  if (messages === undefined || status === undefined) return undefined;
  return { ...exitOf(status), finishedAt: statSync(messages).mtime.toISOString(), known: true };
}

/** A task of no container: an exec of the daemon before, or a container removed in the moment of a crash. */
async function dropUnknownTask(engine: Engine, task: TaskStatus): Promise<void> {
  if (task.exit) await execExited(engine, task.id, task.exit);
}

/** Takes away what belongs to nobody that runs: mounts, namespaces, interfaces, cgroups, task folders, folders with no record. */
async function sweep(engine: Engine): Promise<void> {
  const up = new Set(
    engine.containers
      .all()
      .filter(({ state }) => isUp(state))
      .map(({ id }) => id),
  );
  for (const record of engine.containers.all())
    if (!up.has(record.id)) await unmountAll(containerRootfs(engine, record.id));
  for (const id of engine.containers.leftovers()) {
    await unmountAll(containerRootfs(engine, id));
    await rm(engine.containers.folder(id), { recursive: true, force: true });
    engine.host.log.info("leftover container folder removed", { container: id });
  }
  engine.volumeMounts.sweep();
  if (up.size === 0) removeOldKits(engine);
  const running = new Set((await engine.monitor.list()).map(({ id }) => id));
  const { execRoot } = engine.config;
  for (const id of readdirSync(tasksFolder(execRoot))) {
    unmountSubpaths(execRoot, id); // no start is under way
    if (up.has(id) || running.has(id)) continue;
    unmountSharedMemory(execRoot, id);
    const { configFile, processFile } = taskFiles(execRoot, id);
    for (const path of [configFile, processFile]) endWaiting(path);
    await removeTaskFiles(execRoot, id);
  }
  for (const what of engine.networks.sweep(up)) engine.host.log.info("network leftover removed", { what });
  for (const path of removeLeftovers(engine.machine.cgroup, engine.instance.cgroupParent, up))
    engine.host.log.info("cgroup leftover removed", { path });
}

function startByPolicy(engine: Engine, record: ContainerRecord, wasUp: boolean): void {
  const { id, state, stoppedByUser, hostConfig } = record;
  if (isUp(state) || (state.status === "created" && !state.startError)) return;
  if (state.status === "restarting") return engine.restarts.schedule(engine, id, 0);
  if (!wantsStartWithDaemon(hostConfig.RestartPolicy, stoppedByUser, wasUp)) return;
  engine.background.run(`start of ${id} by its restart policy`, () => startContainer(engine, id));
}
