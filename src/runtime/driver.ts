// An execution driver: how an OCI runtime is told to do things. Drivers make command lines and read what the runtime
// said; they start nothing themselves, so that whoever runs the commands (the monitor) needs to know no runtime.
import type { EngineError } from "../base/errors.ts";
import type { EndFiles } from "./lxc-exit.ts";

/** A program to run: `argv[0]` is an absolute path. Without `env` the caller's environment goes along. */
export type Command = {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Execute a sealed copy of the program in memory: see sealed-runtime.ts. */
  readonly sealed?: boolean;
};

/** Files of a container that is to be started. */
export type TaskPaths = {
  readonly id: string;
  /** The folder with config.json. */
  readonly bundle: string;
  /** Written by the runtime: process id of the program. */
  readonly pidFile: string;
  /** The runtime's own messages; read by `startError` when it failed. */
  readonly logFile: string;
  /** Unix socket that receives the pty's master end; needed when the spec says `terminal`. */
  readonly consoleSocket?: string;
};

/** Files of a program that is to be started inside a running container. */
export type ExecPaths = {
  /** The `Process` of the OCI specification, as JSON. */
  readonly processFile: string;
  readonly pidFile: string;
  readonly logFile: string;
  readonly consoleSocket?: string;
};

/**
 * CONTRACT (test/kernel/driver-contract.test.ts): `run` and `exec` end with 0 once the program runs, having written its pid;
 * with anything else when nothing runs, having said why in the log file. The program's stdio is that of the command,
 * or a pty given to the console socket. `delete` takes away a stopped container or kills a running one, with its cgroup;
 * it fails for one that the runtime does not know.
 */
export type Driver = {
  readonly name: string;
  readonly kind: DriverKind;
  /** Absolute path of the runtime's executable. */
  readonly path: string;
  readonly version: string;
  /** Where the runtime keeps what it knows of its containers, a folder each. */
  readonly stateFolder: string;
  /** Of a runtime that stays as the parent of its containers' programs: where it keeps how they ended. */
  endFiles?(containerId: string): EndFiles;
  run(task: TaskPaths): Command;
  exec(containerId: string, task: ExecPaths): Command;
  delete(containerId: string): Command;
  pause(containerId: string): Command;
  resume(containerId: string): Command;
  /** `resourcesFile` holds the `LinuxResources` of the OCI specification, as JSON. */
  update(containerId: string, resourcesFile: string): Command;
  kill(containerId: string, signal: number, all: boolean): Command;
  /** What a start that failed means, in Docker's words, from the text in the log file (and stderr). */
  startError(logText: string, program: string): EngineError;
  /** The same for `exec`. */
  execError(logText: string, program: string): EngineError;
};

export type DriverKind = "crun" | "runc" | "lxc";
