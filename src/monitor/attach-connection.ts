// A client's end of one task's stdin, stdout and stderr.
//
//   waiting ──join──► open ──output ended──► finished (its own end is still open) ──task ended──► closing ──► closed
//      └────────────────┴── the client hangs up: closed
import type { LogStream } from "../runtime/log-entry.ts";
import type { AttachRequest } from "../runtime/monitor-protocol.ts";
import { frameHeaderBytes, putFrameHeader, stderrStream, stdoutStream } from "../spec/stdcopy.ts";
import { EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from "../sys/epoll.ts";
import { failedWith } from "../sys/errno.ts";
import { read } from "../sys/file.ts";
import { shutdownWrite } from "../sys/unix-socket.ts";
import type { Context } from "./context.ts";
import { inputStart, readBytesMax } from "./io-buffers.ts";
import { Outbox } from "./outbox.ts";
import type { Task } from "./task.ts";

const events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
/** Reads of one client before the others have their turn. */
const roundsMax = 4;
/** A daemon that dies loses all its connections within this time, the control connection too. */
const daemonDeathMs = 100;

export class AttachConnection {
  readonly request: AttachRequest;
  readonly #context: Context;
  readonly #fd: number;
  readonly #outbox: Outbox;
  readonly #onGone: (connection: AttachConnection) => void;
  #task: Task | undefined;
  #inputEnded = false;
  #hungUp = false;
  #phase: "open" | "finished" | "closing" | "closed" = "open";

  /** `onGone` is called when the client hangs up before it has joined a task. */
  constructor(
    context: Context,
    fd: number,
    request: AttachRequest,
    onGone: (connection: AttachConnection) => void,
  ) {
    this.#context = context;
    this.#fd = fd;
    this.request = request;
    this.#outbox = new Outbox(fd);
    this.#onGone = onGone;
    context.loop.watch(fd, events, (happened) => this.#onEvents(happened));
  }

  /** It has not taken what was sent so far. */
  get blocked(): boolean {
    return this.#outbox.blocked;
  }

  join(task: Task): void {
    this.#task = task;
    task.join(this);
    this.pumpInput();
  }

  /** Sends a piece of output, in a frame unless it comes from a terminal. Writes over the 8 bytes before it. */
  deliver(stream: LogStream, bytes: Uint8Array, from: number, to: number): void {
    if (this.#phase !== "open") return;
    if (this.#task?.spec.terminal) this.#outbox.send(bytes, from, to);
    else if (this.request[stream]) {
      const start = from - frameHeaderBytes;
      putFrameHeader(bytes, start, stream === "stderr" ? stderrStream : stdoutStream, to - from);
      this.#outbox.send(bytes, start, to);
    }
  }

  /** No more output will come. */
  finish(): void {
    if (this.#phase !== "open") return;
    this.#phase = "finished";
    this.#afterSending();
  }

  /** Ends the connection as soon as all output has been sent. */
  close(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closing";
    this.#afterSending();
  }

  /** Moves what the client has sent to the program, as far as that takes it. */
  pumpInput(): void {
    const { io, loop } = this.#context;
    if (!this.#task) return;
    for (let round = 0; round < roundsMax; round++) {
      const { input } = this.#task;
      if (this.#inputEnded || this.#phase === "closed" || input?.full) return;
      const got = this.#read(io.input);
      if (got === undefined) return;
      if (got === 0) {
        this.#inputEnded = true;
        if (this.request.stdin) this.#endInput(this.#task);
        if (this.#hungUp) this.#gone();
        return;
      }
      if (this.request.stdin) input?.send(io.input, inputStart, inputStart + got);
    }
    loop.rearm(this.#fd, events);
  }

  #onEvents(happened: number): void {
    if ((happened & EPOLLHUP) !== 0) this.#hungUp = true;
    if ((happened & EPOLLOUT) !== 0 && this.#outbox.blocked) {
      this.#outbox.flush();
      this.#afterSending();
    }
    this.pumpInput();
    const { input } = this.#task ?? {};
    // With the program's stdin full, what the client sent before it hung up is still to come.
    const inputWaits = this.request.stdin && !this.#inputEnded && input?.full;
    if ((this.#hungUp || this.#outbox.broken) && !inputWaits) this.#gone();
  }

  #afterSending(): void {
    if (this.#outbox.broken) return this.#gone();
    if (this.#outbox.blocked) return;
    if (this.#phase === "closing") this.#gone();
    else if (this.#phase === "finished") shutdownWrite(this.#fd);
    else this.#task?.resume();
  }

  #read(buffer: Uint8Array): number | undefined {
    try {
      return read(this.#fd, buffer, inputStart, readBytesMax);
    } catch (err) {
      if (failedWith(err, "ECONNRESET")) return 0;
      throw err;
    }
  }

  /**
   * With stdinOnce the end of the client's input is the end of the program's. When the client has hung up altogether, it
   * may be the daemon that died, which must not touch a container: then the control connections end too.
   */
  #endInput(task: Task): void {
    const { stdinOnce, terminal } = task.spec;
    if (!stdinOnce || terminal) return;
    if (this.#hungUp)
      this.#context.loop.after(daemonDeathMs, () => {
        if (this.#context.daemonConnected()) task.input?.end();
      });
    else task.input?.end();
  }

  #gone(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#context.loop.close(this.#fd);
    if (this.#task) this.#task.leave(this);
    else this.#onGone(this);
  }
}
