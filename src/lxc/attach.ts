// `exec`: another program in a container, started by lxc-attach and prepared by /sbin/init.
import { readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { capabilityMask } from "../runtime/oci-spec/capabilities.ts";
import { initArguments } from "../runtime/oci-spec/sysinit.ts";
import { kitDestination } from "../runtime/sysinit-kit.ts";
import { toInitEnvironment } from "../spec/init-environment.ts";
import type { Process } from "../spec/oci-runtime.ts";
import { needed, type RuntimeCall } from "./command-line.ts";
import { lxcName, readState } from "./container-state.ts";
import { toolPath } from "./run.ts";
import { kill as sendSignal, waitpid } from "../sys/process.ts";
import { consoleSizeOf, startProgram } from "./start-program.ts";
import { enterMonitorsNetns } from "./tools.ts";

export function exec(call: RuntimeCall): void {
  const [id] = call.words;
  const state = readState(call.root, id);
  const program = JSON.parse(readFileSync(needed(call, "process"), "utf8")) as Process;
  const pidFile = needed(call, "pid-file");
  const log = `${pidFile}.lxc.log`;
  const { uid, gid, additionalGids } = program.user;
  const had = capabilityMask(state.capabilities);
  const wantsMore = (capabilityMask(program.capabilities.bounding) & ~had) !== 0n;
  const variables = toInitEnvironment(program.env);
  enterMonitorsNetns(state);
  startProgram({
    tool: toolPath("lxc-attach"),
    toolArguments: [
      ...lxcName(call.root, id),
      "-o",
      log,
      "-l",
      "ERROR",
      "--clear-env",
      "-v",
      `LD_LIBRARY_PATH=${kitDestination}`,
      ...Object.keys(variables).flatMap((name) => ["--keep-var", name]),
      ...(wantsMore ? ["--elevated-privileges=CAP"] : []),
    ],
    init: initArguments(program, {
      user: `${uid}:${gid}`,
      groups: additionalGids.map(String),
      folder: program.cwd,
    }),
    toolVariables: variables,
    consoleSocket: call.options["console-socket"],
    consoleSize: consoleSizeOf(program),
    log,
    ready: ({ toolPid, pid }) => {
      endTool(toolPid);
      writeFileSync(pidFile, String(pid));
    },
  });
}

/** lxc-attach would only wait for the program, reap it, and forget by which signal it ended: that is the monitor's to see. */
function endTool(pid: number): void {
  sendSignal(pid, constants.signals.SIGKILL);
  waitpid(pid, 0);
}
