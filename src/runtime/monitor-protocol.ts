// What the daemon and the monitor say to each other, on the unix stream socket <execRoot>/monitor.sock (0600).
//
// The first line of a connection is JSON and says what the connection is.
//
//   {"op":"control"}\n              then JSON lines both ways:
//     daemon  -> {"seq":7,"op":"start","task":{…}}
//     monitor <- {"seq":7,"ok":true,"result":{"pid":4711,"startTime":"83421"}}
//     monitor <- {"seq":8,"ok":false,"error":{"kind":"not-found","message":"…"}}
//     monitor <- {"event":"exit","id":"…","exitCode":0,…}        no seq; to every control connection
//
//   {"op":"attach","id":"…","stdin":true,"stdout":true,"stderr":true}\n
//     monitor <- {"ok":true}\n      registered: nothing that the task writes from now on will be missed. After it, not
//                                   before, raw bytes:
//     up:   stdin. A half-close is the end of this client's input (with stdinOnce: of the container's).
//     down: stdcopy frames, or with a terminal plain bytes. Closed by the monitor after the last byte of output.
//     An attach to a task that is not there yet waits for it: Docker's client attaches first and starts then.
import type { Command } from "./driver.ts";

/** Where a task's output is kept: a json-file log as Docker writes it, one JSON object a line. */
export type LogSpec = {
  readonly path: string;
  /** A file that has reached this size is put aside before the next entry; 0: never. */
  readonly maxSizeBytes: number;
  /** How many files are kept, the one being written counted. */
  readonly maxFiles: number;
  /** gzip the files put aside. */
  readonly compress: boolean;
};

/** A runtime's command that starts a program, and its stdio. */
export type RuntimeTask = {
  readonly id: string;
  /** Holds the FIFOs `stdin`, `stdout` and `stderr`, made by the monitor. */
  readonly dir: string;
  /** Starts the program detached, with the stdio it is given, and ends with 0 when it runs. */
  readonly command: Command;
  /** What the runtime reads first: the bundle's configuration, or an exec's process. */
  readonly configFile: string;
  /** Where the runtime writes the program's pid. */
  readonly pidFile: string;
  /** The runtime's own log: told in the error when it fails. */
  readonly logFile: string;
  readonly terminal: boolean;
  /** Where the runtime sends the terminal's master; there when `terminal` is true. */
  readonly consoleSocket?: string;
  readonly openStdin: boolean;
};

/** A program to start through a runtime, and what becomes of its stdio and its exit. */
export type TaskSpec = RuntimeTask & {
  /** The end of the first client's input is the end of the program's. */
  readonly stdinOnce: boolean;
  readonly log: LogSpec | null;
  /** Of a program whose parent is the runtime: where that says how it ended (lxc-exit.ts), some time after. */
  readonly exitMessages?: string;
  /** Where the exit record goes before anybody is told: for a daemon that is not there. */
  readonly exitFile: string | null;
  /** The terminal's first size. */
  readonly rows?: number;
  readonly columns?: number;
};

/** A process that runs: its pid alone may be used again, its start time (clock ticks since boot) with it may not. */
export type StartedTask = { readonly pid: number; readonly startTime: string };

/** How a task ended; also what the file at `exitFile` holds. */
export type TaskExit = {
  /** 0–255; 128 + n for signal n; 255 when `known` is false. */
  readonly exitCode: number;
  readonly signal?: number;
  /** RFC 3339 with nanoseconds, UTC. */
  readonly finishedAt: string;
  /** `false`: the process ended where this kernel lets nobody but its parent see how. */
  readonly known: boolean;
};

export type ExitRecord = TaskExit & StartedTask & { readonly id: string };

/** A task that runs, or that has ended (`exit`) and has not been forgotten yet. */
export type TaskStatus = StartedTask & {
  readonly id: string;
  readonly terminal: boolean;
  readonly exit?: TaskExit;
};

/** The runtime ended with something else than 0: nothing runs. `log` is its log file and what it wrote to stderr. */
export type RuntimeFailure = {
  readonly error: { readonly kind: "runtime"; readonly exitCode: number; readonly log: string };
};

/** A command that runs to its end, out of the daemon's way: a runtime's delete, pause, kill … */
export type RunRequest = Command & {
  readonly stdin?: string;
  /** After this the command's whole process group is killed. */
  readonly timeoutMs: number;
};

export type RunResult = {
  /** 128 + n for signal n. */
  readonly exitCode: number;
  /** Cut at `runOutputBytesMax`. */
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
};

export const runOutputBytesMax = 1 << 20;

/** A port of the host that a container has. */
export type HeldPort = {
  readonly protocol: "tcp" | "udp" | "sctp";
  /** The 4 or 16 bytes of the host's address. */
  readonly address: readonly number[];
  readonly port: number;
};

/** A port that cannot be held: another program has it (`inUse`), or the address is not the host's. */
export type RefusedPort = { readonly index: number; readonly inUse: boolean; readonly message: string };

/** The control requests: what each takes and what it answers. */
export type ControlCalls = {
  /** ConflictError when a task of this id runs; one that has ended is replaced. */
  start: { request: { readonly task: TaskSpec }; result: StartedTask | RuntimeFailure };
  /**
   * Makes the task's folder and spawns the runtime of a start that may come, as far as that goes without its configuration:
   * a FIFO, until the daemon puts the file in its place. `prepared: false` where that start will be of mounts that are not
   * there yet (`needsLaterMounts`), and a runtime would not see them on this machine.
   */
  prepare: {
    request: { readonly task: RuntimeTask; readonly needsLaterMounts: boolean };
    result: { readonly prepared: boolean };
  };
  /** Ends the runtime that waits for this task. Fine when there is none. */
  dismiss: { request: { readonly id: string }; result: object };
  run: { request: RunRequest; result: RunResult };
  /** Answered when no start is under way, so that every task is either there or not. */
  list: { request: object; result: { readonly tasks: readonly TaskStatus[] } };
  /** Takes over a task that another monitor started; one that is gone ends at once, by the usual exit event. */
  adopt: { request: { readonly task: TaskSpec } & StartedTask; result: object };
  signal: { request: { readonly id: string; readonly signal: number }; result: object };
  resize: {
    request: { readonly id: string; readonly rows: number; readonly columns: number };
    result: object;
  };
  closeStdin: { request: { readonly id: string }; result: object };
  /** Lets go of an ended task. Fine when there is none. */
  forget: { request: { readonly id: string }; result: object };
  /** Closes the connections that wait for a task that will not start, and ends the runtime that does. */
  abandon: { request: { readonly id: string }; result: object };
  /** Keeps ports from other programs, in the place of those held for this id before. All of them, or none when some are refused. */
  hold: {
    request: { readonly id: string; readonly ports: readonly HeldPort[] };
    result: { readonly refused: readonly RefusedPort[] };
  };
  /** Lets go of the ports held for any other id. */
  keepHeld: { request: { readonly ids: readonly string[] }; result: object };
  /** Ends the monitor; ConflictError while tasks run. */
  quit: { request: object; result: object };
};

export type ControlOp = keyof ControlCalls;

/** One request as it is on the wire. */
export type ControlRequest = {
  [Op in ControlOp]: { readonly seq: number; readonly op: Op } & ControlCalls[Op]["request"];
}[ControlOp];

export type ControlErrorKind = "not-found" | "conflict" | "system";

export type ControlReply =
  | { readonly seq: number; readonly ok: true; readonly result: object }
  | {
      readonly seq: number;
      readonly ok: false;
      readonly error: { readonly kind: ControlErrorKind; readonly message: string };
    };

export type ExitEvent = TaskExit & { readonly event: "exit"; readonly id: string };

export type AttachRequest = {
  readonly id: string;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** `false`: do not wait for a task that does not run now, but end at once. */
  readonly wait?: boolean;
};

export type Greeting = { readonly op: "control" } | ({ readonly op: "attach" } & AttachRequest);

/** The monitor's socket, and the file whose lock says that a monitor is alive. */
export function monitorFiles(execRoot: string): { socket: string; pidFile: string; log: string } {
  return {
    socket: `${execRoot}/monitor.sock`,
    pidFile: `${execRoot}/monitor.pid`,
    log: `${execRoot}/monitor.log`,
  };
}

/** The FIFOs of a task. */
export function stdioFiles(dir: string): { stdin: string; stdout: string; stderr: string } {
  return { stdin: `${dir}/stdin`, stdout: `${dir}/stdout`, stderr: `${dir}/stderr` };
}

export function jsonLine(message: object): string {
  return `${JSON.stringify(message)}\n`;
}
