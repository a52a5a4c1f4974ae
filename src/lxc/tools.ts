// The verbs for a container that is there.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { DeadlineError, NotFoundError, SystemError, hasCode } from "../base/errors.ts";
import { cgroupFacts, controllerFolder } from "../runtime/cgroup.ts";
import { processesOf, thaw } from "../runtime/cgroup-processes.ts";
import type { LinuxResources } from "../spec/oci-runtime.ts";
import { failedWith } from "../sys/errno.ts";
import { enterNetns } from "../sys/namespace.ts";
import { isRunning, kill as sendSignal } from "../sys/process.ts";
import { cgroupLimits } from "./cgroup-limits.ts";
import { needed, type RuntimeCall } from "./command-line.ts";
import {
  forgetState,
  readState,
  stateFiles,
  type ContainerState,
  type RunningProcess,
} from "./container-state.ts";
import { removeMonitorFifo } from "./monitor-fifo.ts";
import { removeGroups } from "./run.ts";

const { SIGKILL } = constants.signals;
/** LXC takes mounts, groups and itself away within some ten ms of the container's end. */
const endLimitMs = 5000;
const freezeLimitMs = 5000;
const pollMs = 2;

/** LXC's tools find its process by a socket in the network namespace that it has to itself. */
export function enterMonitorsNetns({ monitor }: ContainerState): void {
  enterNetns(`/proc/${monitor.pid}/ns/net`);
}

/** By the group's own file: lxc-freeze (5.0.2) fails on machines with the older cgroups. */
export function freeze({ root, words: [id] }: RuntimeCall, frozen: boolean): void {
  const { cgroupsPath } = readState(root, id);
  const cgroup = cgroupFacts();
  const isFirst = cgroup.version === 1;
  const folder = controllerFolder(cgroup, isFirst ? "freezer" : "memory", cgroupsPath);
  if (folder === undefined) throw new SystemError("this machine has no freezer");
  const [file, word] = isFirst
    ? [join(folder, "freezer.state"), frozen ? "FROZEN" : "THAWED"]
    : [join(folder, "cgroup.freeze"), frozen ? "1" : "0"];
  const isDone = isFirst
    ? () => readFileSync(file, "utf8").trim() === word
    : () => readFileSync(join(folder, "cgroup.events"), "utf8").includes(`frozen ${word}`);
  writeFileSync(file, word);
  for (let waitedMs = 0; !isDone(); waitedMs += pollMs) {
    if (waitedMs > freezeLimitMs) throw new DeadlineError(`${id} does not ${frozen ? "freeze" : "thaw"}`);
    Bun.sleepSync(pollMs);
  }
}

export function kill({ root, flags, words: [id, signal = "15"] }: RuntimeCall): void {
  const state = readState(root, id);
  if (!flags.has("all")) signalIfRunning(state, Number(signal));
  else for (const pid of processesOf(cgroupFacts(), state.cgroupsPath)) signalIfThere(pid, Number(signal));
}

/** The files of the group are written as LXC would. */
export function update(call: RuntimeCall): void {
  const { cgroupsPath } = readState(call.root, call.words[0]);
  const resources = JSON.parse(readFileSync(needed(call, "resources"), "utf8")) as LinuxResources;
  const cgroup = cgroupFacts();
  const limits = cgroupLimits(resources, cgroup).flatMap(({ file, value }) => {
    const folder = controllerFolder(cgroup, file.slice(0, file.indexOf(".")), cgroupsPath);
    return folder === undefined ? [] : [{ path: join(folder, file), value }];
  });
  // Memory is never above memory plus swap, so which is written first depends on which way they go: the other way, again.
  const refused = limits.filter((limit) => !written(limit, "EINVAL"));
  for (const limit of [...refused, ...refused]) written(limit, "EINVAL");
  for (const limit of refused) written(limit);
}

function written(
  { path, value }: { readonly path: string; readonly value: string },
  fine?: "EINVAL",
): boolean {
  try {
    writeFileSync(path, value);
    return true;
  } catch (err) {
    if (fine !== undefined && hasCode(err, fine)) return false;
    throw err;
  }
}

/** Kills what runs, waits until LXC has taken its part away, and takes ours away. */
export function remove({ root, words: [id] }: RuntimeCall): void {
  const state = stateOf(root, id);
  if (state === undefined) {
    // Its start was broken off: init ends when nobody nods, and lxc-start with it.
    removeMonitorFifo(root, id);
    forgetState(root, id);
    return;
  }
  const cgroup = cgroupFacts();
  thaw(cgroup, state.cgroupsPath);
  signalIfRunning(state, SIGKILL);
  const { pid, startTime } = state.monitor;
  for (let waitedMs = 0; isRunning(pid, startTime); waitedMs += pollMs) {
    if (waitedMs > endLimitMs) signalIfThere(pid, SIGKILL);
    if (waitedMs > 2 * endLimitMs) throw new DeadlineError(`lxc-start of ${id} does not end`);
    Bun.sleepSync(pollMs);
  }
  removeGroups(cgroup, state.cgroupsPath);
  removeMonitorFifo(root, id);
  forgetState(root, id);
}

/** `undefined`: the container was never started. NotFoundError when there is nothing of it. */
function stateOf(root: string, id: string): ContainerState | undefined {
  try {
    return readState(root, id);
  } catch (err) {
    if (err instanceof NotFoundError && existsSync(stateFiles(root, id).folder)) return undefined;
    throw err;
  }
}

function signalIfRunning({ pid, startTime }: RunningProcess, signal: number): void {
  if (isRunning(pid, startTime)) signalIfThere(pid, signal);
}

function signalIfThere(pid: number, signal: number): void {
  try {
    sendSignal(pid, signal);
  } catch (err) {
    if (!failedWith(err, "ESRCH")) throw err;
  }
}
