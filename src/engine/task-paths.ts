// Where the files of one task (a container's or an exec's program) lie below the run directory.
import { join } from "node:path";

export type TaskFiles = {
  /** FIFOs, pid file and the rest; removed when the task is over. */
  readonly dir: string;
  readonly pidFile: string;
  /** What the runtime says about a start that failed. */
  readonly logFile: string;
  readonly consoleSocket: string;
  /** The configuration of a container, in its bundle. */
  readonly configFile: string;
  /** The container's place in its networks, while its start is under way (start-notes.ts). */
  readonly startNotes: string;
  /** The program of an exec, as the runtime reads it. */
  readonly processFile: string;
  /** Where the runtime finds the subpaths of volumes that a container is to have (volume-subpaths.ts). */
  readonly subpaths: string;
};

export function tasksFolder(execRoot: string): string {
  return join(execRoot, "tasks");
}

/** The folder doubles as the container's OCI bundle. */
export function taskFiles(execRoot: string, taskId: string): TaskFiles {
  const dir = join(tasksFolder(execRoot), taskId);
  return {
    dir,
    pidFile: join(dir, "pid"),
    logFile: join(dir, "runtime.log"),
    consoleSocket: join(dir, "console.sock"),
    configFile: join(dir, "config.json"),
    startNotes: join(dir, "start.json"),
    processFile: join(dir, "process.json"),
    subpaths: join(dir, "subpaths"),
  };
}
