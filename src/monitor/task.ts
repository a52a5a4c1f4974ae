// One running program: its output to the log and to the clients, its input, its end.
//
//   start or adopt ──► open ──► run ──► the process ends ──► drain ──► exit record ──► exit event ──► clients closed
import { crashPoint } from "../base/crash-point.ts";
import { writeFileDurable } from "../base/durable-file.ts";
import { errorText } from "../base/errors.ts";
import { exitStatusIn } from "../runtime/lxc-exit.ts";
import type { LogStream } from "../runtime/log-entry.ts";
import { formatStamp } from "../runtime/log-stamp.ts";
import type { ExitRecord, StartedTask, TaskExit, TaskSpec, TaskStatus } from "../runtime/monitor-protocol.ts";
import { wallTime } from "../sys/clock.ts";
import { EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT } from "../sys/epoll.ts";
import { pidfdSendSignal } from "../sys/pidfd.ts";
import { exitOf, type ExitStatus } from "../sys/process.ts";
import { setWindowSize, type WindowSize } from "../sys/pty.ts";
import type { AttachConnection } from "./attach-connection.ts";
import type { Context } from "./context.ts";
import { Input } from "./input.ts";
import { LogFile } from "./log-file.ts";
import type { Timer } from "./loop.ts";
import { Output, outputEvents, type OutputSink } from "./output.ts";
import { peekedFifo, readStream } from "./output-source.ts";
import { removeStdio, type OwnEnds } from "./stdio.ts";

/** What a task needs to know while it runs; the command that started it is not kept. */
export type RunningSpec = Omit<TaskSpec, "command" | "pidFile" | "logFile">;

/**
 * How long the output may stay open after the program has ended: processes that it left behind (in the host's pid
 * namespace, or of an exec) may hold it as long as they like.
 */
const outputGraceMs = 300;
const unknownExitCode = 255;
/** How long a runtime that is the program's parent may take to say how it ended. */
const runtimesWordPollMs = 5;
const runtimesWordTries = 1000;
const inputEvents = EPOLLOUT | EPOLLET;

export class Task implements OutputSink {
  readonly spec: RunningSpec;
  readonly log: LogFile | undefined;
  readonly #context: Context;
  readonly #onConcluded: (status: TaskStatus) => void;
  readonly #outputs: Output[] = [];
  readonly #clients = new Set<AttachConnection>();
  #input: Input | undefined;
  #terminal: number | undefined;
  #process: (StartedTask & { readonly pidfd: number | undefined }) | undefined;
  #exit: TaskExit | undefined;
  #grace: Timer | undefined;

  constructor(context: Context, spec: TaskSpec, onConcluded: (status: TaskStatus) => void) {
    const { command: _command, pidFile: _pidFile, logFile: _logFile, ...running } = spec;
    this.spec = running;
    this.#context = context;
    this.#onConcluded = onConcluded;
    this.log = spec.log ? new LogFile(spec.log, context.log, context.compress) : undefined;
  }

  get status(): TaskStatus | undefined {
    if (!this.#process) return undefined;
    const { pid, startTime } = this.#process;
    return { id: this.spec.id, pid, startTime, terminal: this.spec.terminal };
  }

  get input(): Input | undefined {
    return this.#input;
  }

  /** A client does not keep up. No longer a reason to wait once the program has ended. */
  get held(): boolean {
    if (this.#exit) return false;
    for (const client of this.#clients) if (client.blocked) return true;
    return false;
  }

  /** Begins to move what the program writes. */
  openFifos({ stdin, stdout, stderr }: OwnEnds): void {
    const { loop, io } = this.#context;
    for (const [stream, fd] of Object.entries({ stdout, stderr })) {
      if (fd === undefined) continue;
      const source = this.log ? peekedFifo(fd, io.peeker) : readStream(fd);
      this.#addOutput(fd, outputEvents, new Output(fd, io, source, stream as LogStream, this));
    }
    if (stdin === undefined) return;
    const input = new Input(stdin, () => loop.close(stdin));
    this.#input = input;
    loop.watch(stdin, inputEvents, () => this.#inputWritable(input));
  }

  openTerminal(master: number): void {
    const { io } = this.#context;
    const { rows, columns } = this.spec;
    if (rows && columns) setWindowSize(master, { rows, columns });
    this.#terminal = master;
    this.#input = new Input(master, () => {}); // closed with the output
    const output = new Output(master, io, readStream(master), "stdout", this);
    this.#addOutput(master, outputEvents | inputEvents, output);
  }

  /** The program runs: `pidfd` is undefined when it has ended and been reaped already. */
  run(process: StartedTask, pidfd: number | undefined): void {
    const { reaper } = this.#context;
    this.#process = { ...process, pidfd };
    if (pidfd === undefined) this.#processEnded(reaper.strayExit(process.pid));
    else reaper.watch(process.pid, pidfd, (exit) => this.#processEnded(exit));
  }

  join(client: AttachConnection): void {
    this.#clients.add(client);
  }

  /** The client is gone, or keeps up again. */
  leave(client: AttachConnection): void {
    this.#clients.delete(client);
    this.resume();
  }

  resume(): void {
    for (const output of this.#outputs) output.pump();
  }

  /** SyscallError ESRCH when it has ended. */
  signal(signal: number): void {
    if (this.#process?.pidfd !== undefined) pidfdSendSignal(this.#process.pidfd, signal);
  }

  resize(size: WindowSize): void {
    if (this.#terminal !== undefined) setWindowSize(this.#terminal, size);
  }

  forward(stream: LogStream, bytes: Uint8Array, from: number, to: number): void {
    for (const client of this.#clients) client.deliver(stream, bytes, from, to);
  }

  again({ fd }: Output): void {
    this.#context.loop.rearm(fd, fd === this.#terminal ? outputEvents | inputEvents : outputEvents);
  }

  later(ms: number, work: () => void): void {
    this.#context.loop.after(ms, work);
  }

  ended({ fd }: Output): void {
    if (fd === this.#terminal) {
      this.#input?.close();
      this.#terminal = undefined;
    }
    this.#context.loop.close(fd);
    if (!this.#outputs.every((output) => output.ended)) return;
    for (const client of this.#clients) client.finish();
    if (this.#grace) {
      this.#context.loop.cancel(this.#grace);
      this.#conclude();
    }
  }

  #addOutput(fd: number, events: number, output: Output): void {
    this.#outputs.push(output);
    this.#context.loop.watch(fd, events, (happened) => {
      if (fd === this.#terminal && this.#input && (happened & EPOLLOUT) !== 0)
        this.#inputWritable(this.#input);
      if ((happened & (EPOLLIN | EPOLLHUP)) !== 0) output.onEvents(happened);
    });
  }

  #inputWritable(input: Input): void {
    if (!input.full) return;
    input.flush();
    if (!input.full) for (const client of this.#clients) client.pumpInput();
  }

  #processEnded(exit: ExitStatus | undefined, triesLeft = runtimesWordTries): void {
    const { exitMessages } = this.spec;
    if (!exit && exitMessages !== undefined) {
      const status = exitStatusIn(exitMessages);
      if (status !== undefined) return this.#processEnded(exitOf(status));
      if (triesLeft > 0) {
        this.#context.loop.after(runtimesWordPollMs, () => this.#processEnded(undefined, triesLeft - 1));
        return;
      }
    }
    crashPoint("exit seen");
    const finishedAt = formatStamp(wallTime());
    this.#exit = exit
      ? { ...exit, finishedAt, known: true }
      : { exitCode: unknownExitCode, finishedAt, known: false };
    for (const output of this.#outputs) output.drain();
    if (this.#outputs.every((output) => output.ended)) this.#conclude();
    else this.#grace = this.#context.loop.after(outputGraceMs, () => this.#conclude());
  }

  /** The record first, then the news: whoever hears of the exit finds it on disk. */
  #conclude(): void {
    const exit = this.#exit;
    if (!exit || !this.#process) return;
    this.#grace = undefined;
    for (const output of this.#outputs) output.finish();
    this.log?.close();
    crashPoint("output complete");
    this.#writeRecord(exit, this.#process);
    crashPoint("exit recorded");
    this.#context.tell({ event: "exit", id: this.spec.id, ...exit });
    if (this.#process.pidfd !== undefined) this.#context.loop.close(this.#process.pidfd);
    this.#input?.close();
    for (const client of this.#clients) client.close();
    removeStdio(this.spec.dir);
    const { pid, startTime } = this.#process;
    this.#onConcluded({ id: this.spec.id, pid, startTime, terminal: this.spec.terminal, exit });
  }

  #writeRecord(exit: TaskExit, { pid, startTime }: StartedTask): void {
    const { id, exitFile } = this.spec;
    if (exitFile === null) return;
    const record: ExitRecord = { id, pid, startTime, ...exit };
    try {
      // It outlives the daemon. What must outlive the machine is what somebody was told, which is in the daemon's own record.
      writeFileDurable(exitFile, `${JSON.stringify(record)}\n`, { sync: false });
    } catch (err) {
      this.#context.log.error("exit record not written", { task: id, path: exitFile, error: errorText(err) });
    }
  }
}
