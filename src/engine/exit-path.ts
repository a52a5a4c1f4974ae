// The one way a run ends in the engine: the same for a live message of the monitor, for an exit found after a restart of
// the daemon, and for a lost monitor. First what others may ask for next, then the state, those who wait, and the slow
// taking down.
import { existsSync } from "node:fs";
import { errorText } from "../base/errors.ts";
import { stoppedHealth } from "../containers/health.ts";
import { isUp, transition } from "../containers/state.ts";
import type { Attachment, ContainerRecord } from "../containers/record.ts";
import { wantsRestart } from "../containers/restart-policy.ts";
import { oomKills, oomKillsFrom } from "../runtime/cgroup-processes.ts";
import { cgroupsPathOf } from "../runtime/cgroup.ts";
import { driverOf, publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { missingInterpreter } from "./missing-interpreter.ts";
import { commitRemoval } from "./remove.ts";
import { leaveNetwork } from "./sandbox.ts";
import { takeDown } from "./take-down.ts";
import { publishLetGo } from "./use-events.ts";

export type TaskEnd = {
  /** 0–255; 128 + n for a program ended by signal n. */
  readonly exitCode: number;
  readonly finishedAt: string;
  /** `false`: nobody could see the exit code. */
  readonly known: boolean;
  /** The program was there, but not this, which it was to be run by. */
  readonly interpreter?: string;
};

/** A second message about the same end changes nothing. */
export function containerExited(engine: Engine, id: string, end: TaskEnd): Promise<void> {
  return engine.locks.run(id, async () => {
    const record = engine.containers.get(id);
    if (!record || !isUp(record.state)) return;
    const kills = await oomKillsOf(engine, record);
    if (holdsWhatIsAskedFor(record)) await giveBackEarly(engine, record);
    const ended = recordExit(engine, record, withInterpreter(engine, record, end), kills > 0);
    if (ended.state.status === "exited" && ended.hostConfig.AutoRemove) {
      const cleanUp = commitRemoval(engine, ended, true);
      engine.background.run(`clean-up of ${id}`, cleanUp);
      return;
    }
    await takeDown(engine, record);
    if (ended.state.status === "restarting") engine.restarts.schedule(engine, id, ranMs(record, end));
  });
}

/** Ports and addresses that the user has chosen, and may choose again for the next container. */
function holdsWhatIsAskedFor({ published = [], attachments }: ContainerRecord): boolean {
  const isChosen = ({ endpoint: { IPAMConfig } }: Attachment): boolean =>
    Boolean(IPAMConfig?.IPv4Address || IPAMConfig?.IPv6Address);
  return published.length > 0 || attachments.some(isChosen);
}

/** Free before anybody is told of the end, as with dockerd; other networks are left off the path of those who wait. */
async function giveBackEarly(engine: Engine, record: ContainerRecord): Promise<void> {
  try {
    await leaveNetwork(engine, record);
  } catch (err) {
    // The taking down tries again, and names what it leaves.
    engine.host.log.warn("network is not left yet", { container: record.id, error: errorText(err) });
  }
}

/** How long a runtime that takes the cgroup away may take to say what the kernel counted in it. */
const endFilesLimitMs = 2000;
const endFilesPollMs = 5;

async function oomKillsOf(engine: Engine, record: ContainerRecord): Promise<number> {
  const { id, hostConfig } = record;
  const { cgroup } = engine.machine;
  const ends = driverOf(engine, record).endFiles?.(id);
  if (!ends)
    return oomKills(cgroup, cgroupsPathOf(engine.instance.cgroupParent, hostConfig.CgroupParent, id));
  for (let ms = 0; ms < endFilesLimitMs && !existsSync(ends.exitMessages); ms += endFilesPollMs)
    await engine.host.clock.sleep(endFilesPollMs);
  return oomKillsFrom(ends.oomKills);
}

function recordExit(
  engine: Engine,
  record: ContainerRecord,
  end: TaskEnd,
  oomKilled: boolean,
): ContainerRecord {
  const { id, restartCount, stoppedByUser, hostConfig } = record;
  engine.healthChecks.unwatch(id);
  const run = { exitCode: end.exitCode, restartCount, stoppedByUser };
  const restart = wantsRestart(hostConfig.RestartPolicy, run);
  const change = (now: ContainerRecord): ContainerRecord => ({
    ...now,
    attachments: [],
    ...(now.health ? { health: stoppedHealth(now.health) } : {}),
    published: [],
    state: transition(now.state, { type: "exited", restart, oomKilled, ...end }),
  });
  // Of one that is removed now: a daemon that dies before finds it ended, and does the same.
  const isGoing = hostConfig.AutoRemove && !restart;
  const ended = isGoing ? engine.containers.updateInMemory(id, change) : engine.containers.update(id, change);
  if (oomKilled) publishContainerEvent(engine, record, "oom");
  publishContainerEvent(engine, record, "die", {
    exitCode: String(end.exitCode),
    execDuration: String(Math.floor(ranMs(record, end) / 1000)),
  });
  publishLetGo(engine, record);
  engine.waiters.exited(id, { StatusCode: end.exitCode }, !restart);
  return ended;
}

/** Exit codes of crun (1), shells (127) and runc (255) for a program that the kernel would not execute. */
const executionFailures = new Set([1, 127, 255]);
const noTimeMs = 1000;

/** A program that may not have been executed at all is worth a look at its file, while it is mounted. */
function withInterpreter(engine: Engine, record: ContainerRecord, end: TaskEnd): TaskEnd {
  const neverExecuted = end.known && executionFailures.has(end.exitCode) && ranMs(record, end) < noTimeMs;
  const interpreter = neverExecuted ? missingInterpreter(engine, record) : undefined;
  return interpreter === undefined ? end : { ...end, interpreter };
}

function ranMs({ state }: ContainerRecord, end: TaskEnd): number {
  return isUp(state) ? Date.parse(end.finishedAt) - Date.parse(state.startedAt) : 0;
}
