// `run`: a bundle's container, started by lxc-start.
//
// LXC listens for its tools on an abstract socket, which belongs to a network namespace: in the host's, a container that
// shares the host's network could give orders to LXC. So each lxc-start gets an empty network namespace of its own, in which
// its tools look for it, and the container joins the one that the engine made.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConflictError, SystemError, hasCode } from "../base/errors.ts";
import { cgroupFacts, type CgroupFacts } from "../runtime/cgroup.ts";
import { removeCgroup } from "../runtime/cgroup-processes.ts";
import type { RuntimeSpec } from "../spec/oci-runtime.ts";
import { openNetns, moveToNewNetns } from "../sys/namespace.ts";
import { processStartTime } from "../sys/process.ts";
import { needed, type RuntimeCall } from "./command-line.ts";
import { containerConfig, monitorGroups } from "./container-config.ts";
import {
  forgetState,
  lxcName,
  stateFiles,
  writeState,
  type RunningProcess,
  type StateFiles,
} from "./container-state.ts";
import { deviceScript, stopScript, sysctlScript } from "./hook-scripts.ts";
import { placeMasks, placeMounts } from "./mount-points.ts";
import { seccompPolicy } from "./seccomp-policy.ts";
import { monitorFifo, openMonitorFifo, removeMonitorFifo } from "./monitor-fifo.ts";
import { consoleSizeOf, startProgram } from "./start-program.ts";

const ownNetns = "/proc/thread-self/ns/net";

export function run(call: RuntimeCall): void {
  const [id] = call.words;
  const spec = JSON.parse(readFileSync(join(needed(call, "bundle"), "config.json"), "utf8")) as RuntimeSpec;
  const files = stateFiles(call.root, id);
  makeFolder(id, files.folder);
  const cgroup = cgroupFacts();
  try {
    const hostNetwork = `/proc/${process.pid}/fd/${openNetns(ownNetns)}`;
    writeConfig(call, spec, files, cgroup, hostNetwork);
    removeGroups(cgroup, spec.linux.cgroupsPath); // LXC makes its groups itself, and only where none are
    moveToNewNetns();
    startProgram({
      tool: toolPath("lxc-start"),
      toolArguments: ["-F", ...lxcName(call.root, id), "-f", files.config, "-o", files.log, "-l", "ERROR"],
      init: spec.process.args,
      consoleSocket: call.options["console-socket"],
      consoleSize: consoleSizeOf(spec.process),
      log: files.log,
      passedOn: [openMonitorFifo(call.root, id)],
      ready: ({ toolPid, pid }) => {
        writeState(files, {
          ...running(pid),
          monitor: running(toolPid),
          cgroupsPath: spec.linux.cgroupsPath,
          capabilities: spec.process.capabilities.bounding,
        });
        writeFileSync(needed(call, "pid-file"), String(pid));
      },
    });
  } catch (err) {
    removeGroups(cgroup, spec.linux.cgroupsPath);
    removeMonitorFifo(call.root, id);
    forgetState(call.root, id);
    throw err;
  }
}

function running(pid: number): RunningProcess {
  return { pid, startTime: processStartTime(pid) ?? "" };
}

function makeFolder(id: string, folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (err) {
    if (hasCode(err, "EEXIST")) throw new ConflictError(`container with id exists: ${id}`, { cause: err });
    throw err;
  }
}

function writeConfig(
  { root, words: [id] }: RuntimeCall,
  spec: RuntimeSpec,
  files: StateFiles,
  cgroup: CgroupFacts,
  hostNetwork: string,
): void {
  const { seccomp, devices = [], sysctl } = spec.linux;
  if (seccomp) writeFileSync(files.seccomp, seccompPolicy(seccomp), { mode: 0o600 });
  if (devices.length > 0) writeFileSync(files.devices, deviceScript(devices), { mode: 0o600 });
  if (sysctl) writeFileSync(files.sysctls, sysctlScript(sysctl), { mode: 0o600 });
  writeFileSync(files.stop, stopScript(spec, files, cgroup, monitorFifo(root, id)), { mode: 0o600 });
  const around = { cgroup, mounts: placeMounts(spec), masked: placeMasks(spec), hostNetwork, files };
  writeFileSync(files.config, containerConfig(spec, around), { mode: 0o600 });
}

export function removeGroups(cgroup: CgroupFacts, cgroupsPath: string): void {
  for (const path of [cgroupsPath, ...monitorGroups(cgroupsPath)]) removeCgroup(cgroup, path);
}

export function toolPath(name: string): string {
  const path = Bun.which(name, { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" });
  if (path === null) throw new SystemError(`${name} is not there: install lxc`);
  return path;
}
