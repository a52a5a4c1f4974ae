// The daemon's end of the monitor's socket: control calls as promises, exits as events, attaches as streams.
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ConflictError, NotFoundError, SystemError, UnavailableError } from "../base/errors.ts";
import { monitorHeapOptions } from "../base/heap-thrift.ts";
import type { Host } from "../base/host.ts";
import type { Command } from "./driver.ts";
import { jsonLine, monitorFiles } from "./monitor-protocol.ts";
import type {
  AttachRequest,
  ControlCalls,
  ControlErrorKind,
  ControlOp,
  ControlReply,
  ExitEvent,
  HeldPort,
  RefusedPort,
  RunResult,
  RuntimeFailure,
  RuntimeTask,
  StartedTask,
  TaskSpec,
  TaskStatus,
} from "./monitor-protocol.ts";

export type MonitorOptions = {
  readonly execRoot: string;
  /** How the program is called to become the monitor; `--exec-root` is put behind. */
  readonly command: readonly string[];
  readonly onExit: (exit: ExitEvent) => void;
  /** The connection ended without `close`: the monitor is gone. Told once. */
  readonly onLost: () => void;
};

/** For a machine that is busy with its boot: a monitor that cannot run says so by its end, at once. */
const startTimeoutMs = 30_000;
const startsMax = 5;
const runTimeoutMs = 60_000;

/** Connects to the monitor of this run directory, and starts one when none answers. UnavailableError when that fails too. */
export async function ensureMonitor(host: Host, options: MonitorOptions): Promise<MonitorClient> {
  const running = await tryMonitor(options);
  if (running) return running;
  const deadline = host.clock.monotonicMs() + startTimeoutMs;
  let ended = startMonitor(options);
  for (let starts = 1; ;) {
    const client = await tryMonitor(options);
    if (client) return client;
    const isOver = host.clock.monotonicMs() > deadline;
    if (isOver || (ended.code !== undefined && starts === startsMax))
      throw new UnavailableError(
        `the monitor does not answer (${ended.code ?? "time is up"}): see ${monitorFiles(options.execRoot).log}`,
      );
    await host.clock.sleep(1);
    // It ends at once when it meets another: one that was quicker, which answers above, or one that is dying and has not
    // let go of its lock yet.
    if (ended.code === undefined) continue;
    starts += 1;
    ended = startMonitor(options);
  }
}

/**
 * undefined when none lives there. A connection counts only when it has been answered on: one that has just been killed
 * takes connections for a moment longer than it lives.
 */
async function tryMonitor(options: MonitorOptions): Promise<MonitorClient | undefined> {
  const socket = await tryConnect(options.execRoot);
  if (!socket) return undefined;
  const client = new MonitorClient(socket, options);
  return (await client.greet()) ? client : undefined;
}

/** In a session of its own, so that nothing sent to the daemon's terminal or process group reaches it. */
function startMonitor({ execRoot, command }: MonitorOptions): { code?: string } {
  const [program = process.execPath, ...args] = command;
  const log = openSync(monitorFiles(execRoot).log, "a", 0o600);
  const ended: { code?: string } = {};
  try {
    const child = spawn(program, [...args, "--exec-root", execRoot], {
      detached: true,
      stdio: ["ignore", log, log],
      cwd: "/",
      env: { ...process.env, ...monitorHeapOptions },
    });
    child.on("error", (err) => (ended.code = err.message));
    child.on("exit", (code, signal) => (ended.code = `it ended with ${code ?? signal}`));
    child.unref();
  } finally {
    closeSync(log);
  }
  return ended;
}

/** undefined when nobody listens there. */
function tryConnect(execRoot: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path: monitorFiles(execRoot).socket, allowHalfOpen: true });
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", () => resolve(undefined)); // no socket, or a dead monitor's: one is started
  });
}

type Pending = { readonly resolve: (result: never) => void; readonly reject: (err: Error) => void };

export class MonitorClient {
  readonly #socket: Socket;
  readonly #options: MonitorOptions;
  readonly #pending = new Map<number, Pending>();
  #nextSeq = 1;
  #unread = "";
  #answered = false;
  #closed = false;

  constructor(socket: Socket, options: MonitorOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#receive(text));
    socket.on("end", () => socket.destroy());
    socket.on("error", () => {}); // followed by close
    socket.on("close", () => this.#lost());
    socket.write(jsonLine({ op: "control" }));
  }

  /** Whether the monitor answers. Until it has, its end is not told to `onLost`. */
  async greet(): Promise<boolean> {
    try {
      await this.list();
      this.#answered = true;
    } catch (err) {
      if (!(err instanceof UnavailableError)) throw err;
    }
    return this.#answered;
  }

  start(task: TaskSpec): Promise<StartedTask | RuntimeFailure> {
    return this.#call("start", { task });
  }

  async prepare(task: RuntimeTask, needsLaterMounts: boolean): Promise<boolean> {
    return (await this.#call("prepare", { task, needsLaterMounts })).prepared;
  }

  async dismiss(id: string): Promise<void> {
    await this.#call("dismiss", { id });
  }

  run(command: Command & { readonly stdin?: string }, timeoutMs = runTimeoutMs): Promise<RunResult> {
    return this.#call("run", { ...command, timeoutMs });
  }

  async list(): Promise<readonly TaskStatus[]> {
    return (await this.#call("list", {})).tasks;
  }

  async adopt(task: TaskSpec, pid: number, startTime: string): Promise<void> {
    await this.#call("adopt", { task, pid, startTime });
  }

  async signal(id: string, signal: number): Promise<void> {
    await this.#call("signal", { id, signal });
  }

  async resize(id: string, size: { readonly rows: number; readonly columns: number }): Promise<void> {
    await this.#call("resize", { id, ...size });
  }

  async closeStdin(id: string): Promise<void> {
    await this.#call("closeStdin", { id });
  }

  async forget(id: string): Promise<void> {
    await this.#call("forget", { id });
  }

  async hold(id: string, ports: readonly HeldPort[]): Promise<readonly RefusedPort[]> {
    return (await this.#call("hold", { id, ports })).refused;
  }

  async keepHeld(ids: readonly string[]): Promise<void> {
    await this.#call("keepHeld", { ids });
  }

  async abandon(id: string): Promise<void> {
    await this.#call("abandon", { id });
  }

  /** Ends the monitor; ConflictError while it watches over tasks. */
  async quit(): Promise<void> {
    this.#closed = true;
    await this.#call("quit", {});
  }

  /** Resolves when the monitor has registered it: nothing written from then on is missed. */
  async attach(request: AttachRequest): Promise<Duplex> {
    const socket = await tryConnect(this.#options.execRoot);
    if (!socket) throw new UnavailableError("the monitor does not answer");
    socket.write(jsonLine({ op: "attach", ...request }));
    await firstLine(socket); // it says yes, or hangs up
    return socket;
  }

  /** Leaves the monitor to itself. */
  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #call<Op extends ControlOp>(
    op: Op,
    request: ControlCalls[Op]["request"],
  ): Promise<ControlCalls[Op]["result"]> {
    if (this.#socket.destroyed) return Promise.reject(new UnavailableError("the monitor does not answer"));
    const seq = this.#nextSeq++;
    return new Promise((resolve, reject) => {
      this.#pending.set(seq, { resolve, reject });
      this.#socket.write(jsonLine({ ...request, op, seq }));
    });
  }

  #receive(text: string): void {
    const lines = (this.#unread + text).split("\n");
    this.#unread = lines.pop() ?? "";
    for (const line of lines) this.#handle(JSON.parse(line) as ControlReply | ExitEvent);
  }

  #handle(message: ControlReply | ExitEvent): void {
    if ("event" in message) return this.#options.onExit(message);
    const pending = this.#pending.get(message.seq);
    this.#pending.delete(message.seq);
    if (message.ok) pending?.resolve(message.result as never);
    else pending?.reject(errorOf(message.error.kind, message.error.message));
  }

  #lost(): void {
    for (const { reject } of this.#pending.values())
      reject(new UnavailableError("the monitor went away before it answered"));
    this.#pending.clear();
    if (this.#closed) return;
    this.#closed = true;
    if (this.#answered) this.#options.onLost();
  }
}

const errorKinds = {
  "not-found": NotFoundError,
  conflict: ConflictError,
  system: SystemError,
} as const satisfies Record<ControlErrorKind, unknown>;

function errorOf(kind: ControlErrorKind, message: string): Error {
  return new errorKinds[kind](message);
}

/** The line that the monitor answers an attach with. Leaves the stream as a new one: whoever reads it first sets its mode. */
function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let read = Buffer.alloc(0);
    const stop = (): void => {
      socket.off("readable", take);
      socket.off("close", lost);
    };
    const lost = (): void => {
      stop();
      reject(new UnavailableError("the monitor went away before it answered"));
    };
    // Not by "data" events: to end those takes a pause(), after which a new "data" listener gets nothing.
    const take = (): void => {
      for (let chunk = socket.read() as Buffer | null; chunk; chunk = socket.read() as Buffer | null) {
        read = Buffer.concat([read, chunk]);
        const end = read.indexOf("\n");
        if (end < 0) continue;
        stop();
        if (end + 1 < read.length) socket.unshift(read.subarray(end + 1));
        resolve(read.toString("utf8", 0, end));
        return;
      }
    };
    socket.on("readable", take);
    socket.on("close", lost);
    socket.on("error", () => {}); // followed by close
  });
}
