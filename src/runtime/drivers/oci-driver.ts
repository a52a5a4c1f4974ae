// crun and runc take the same command line: one driver, made for either. A runtime of the user's own that does so too fits,
// and LXC behind src/lxc.
import { join } from "node:path";
import { lxcEndFiles } from "../lxc-exit.ts";
import type { Command, Driver, DriverKind, ExecPaths, TaskPaths } from "../driver.ts";
import { execErrorOf, startErrorOf } from "./start-error.ts";

export type OciRuntime = {
  /** What `--runtime` says. */
  readonly name: string;
  readonly kind: DriverKind;
  readonly path: string;
  readonly version: string;
  /** Where the runtime keeps its state: its `--root`. */
  readonly stateFolder: string;
  /** What takes the command line, where that is not the file at `path` itself. */
  readonly command?: readonly string[];
};

/**
 * The log is text: what crun cannot tell before the program's exec it writes to the program's stderr, in the log's format.
 * Cgroups are named by path (`cgroupfs`), which works with and without systemd.
 */
export function ociDriver({ name, kind, path, version, stateFolder, command: own }: OciRuntime): Driver {
  const command = (args: readonly string[], logFile?: string): Command => ({
    argv: [
      ...(own ?? [path]),
      "--root",
      stateFolder,
      ...(logFile === undefined ? [] : ["--log", logFile]),
      ...args,
    ],
    ...(own === undefined ? { sealed: true } : {}),
  });
  const console = (socket: string | undefined): readonly string[] =>
    socket === undefined ? [] : ["--console-socket", socket];
  return {
    name,
    kind,
    path,
    version,
    stateFolder,
    ...(kind === "lxc" ? { endFiles: (id: string) => lxcEndFiles(join(stateFolder, id)) } : {}),
    run: ({ id, bundle, pidFile, logFile, consoleSocket }: TaskPaths) =>
      command(
        ["run", "--detach", "--bundle", bundle, "--pid-file", pidFile, ...console(consoleSocket), id],
        logFile,
      ),
    exec: (id: string, { processFile, pidFile, logFile, consoleSocket }: ExecPaths) =>
      command(
        ["exec", "--detach", "--process", processFile, "--pid-file", pidFile, ...console(consoleSocket), id],
        logFile,
      ),
    delete: (id) => command(["delete", "--force", id]),
    pause: (id) => command(["pause", id]),
    resume: (id) => command(["resume", id]),
    update: (id, resourcesFile) => command(["update", "--resources", resourcesFile, id]),
    kill: (id, signal, all) => command(["kill", ...(all ? ["--all"] : []), id, String(signal)]),
    startError: (log, program) => startErrorOf(kind, log, program),
    execError: (log, program) => execErrorOf(log, program),
  };
}
