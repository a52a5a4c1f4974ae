// What this runtime keeps of a container, in the folder that LXC's own tools know it by (`lxc-info -P ROOT/ID -n ID`).
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lxcEndFiles, type EndFiles } from "../runtime/lxc-exit.ts";
import { NotFoundError, hasCode } from "../base/errors.ts";

/** A number alone may be another process's by the time it is used. */
export type RunningProcess = { readonly pid: number; readonly startTime: string };

/** `pid`: the container's first process. */
export type ContainerState = RunningProcess & {
  /** LXC's own process, which is the parent of the container's first. */
  readonly monitor: RunningProcess;
  readonly cgroupsPath: string;
  /** CapBnd of the container's programs. */
  readonly capabilities: readonly string[];
};

export type StateFiles = EndFiles & {
  readonly folder: string;
  readonly config: string;
  readonly seccomp: string;
  readonly devices: string;
  readonly stop: string;
  readonly sysctls: string;
  readonly log: string;
  readonly state: string;
};

export function stateFiles(root: string, id: string): StateFiles {
  const folder = join(root, id);
  const file = (name: string) => join(folder, name);
  return {
    ...lxcEndFiles(folder),
    folder,
    config: file("config"),
    seccomp: file("seccomp"),
    devices: file("devices.sh"),
    stop: file("stop.sh"),
    sysctls: file("sysctls.sh"),
    log: file("lxc.log"),
    state: file("state.json"),
  };
}

/** How LXC's tools are told of a container: each has a folder to itself, and so a FIFO (monitor-fifo.ts). */
export function lxcName(root: string, id: string): readonly string[] {
  return ["-n", id, "-P", stateFiles(root, id).folder];
}

export function writeState(files: StateFiles, state: ContainerState): void {
  writeFileSync(files.state, JSON.stringify(state), { mode: 0o600 });
}

/** NotFoundError for a container that this runtime does not know. */
export function readState(root: string, id: string): ContainerState {
  try {
    return JSON.parse(readFileSync(stateFiles(root, id).state, "utf8")) as ContainerState;
  } catch (err) {
    if (hasCode(err, "ENOENT")) throw new NotFoundError(`container ${id} does not exist`, { cause: err });
    throw err;
  }
}

export function forgetState(root: string, id: string): void {
  rmSync(stateFiles(root, id).folder, { recursive: true, force: true });
}
