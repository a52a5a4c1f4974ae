// A daemon's end: requests come as JSON lines and are answered in the order in which they are done, not in which they
// came.
import { ConflictError, errorText, InvalidParameterError, NotFoundError } from "../base/errors.ts";
import {
  jsonLine,
  type ControlErrorKind,
  type ControlReply,
  type ControlRequest,
  type ExitEvent,
} from "../runtime/monitor-protocol.ts";
import { EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT } from "../sys/epoll.ts";
import { failedWith } from "../sys/errno.ts";
import { read } from "../sys/file.ts";
import type { Context } from "./context.ts";
import { inputStart, readBytesMax } from "./io-buffers.ts";
import type { LineReader } from "./line-reader.ts";
import { Outbox } from "./outbox.ts";
import { runCommand } from "./run-command.ts";
import type { TaskTable } from "./task-table.ts";

const events = EPOLLIN | EPOLLOUT | EPOLLET;

export class ControlConnection {
  readonly #context: Context;
  readonly #tasks: TaskTable;
  readonly #fd: number;
  readonly #lines: LineReader;
  readonly #outbox: Outbox;
  readonly #onClosed: (connection: ControlConnection) => void;
  #closed = false;

  constructor(
    context: Context,
    tasks: TaskTable,
    fd: number,
    lines: LineReader,
    onClosed: (connection: ControlConnection) => void,
  ) {
    this.#context = context;
    this.#tasks = tasks;
    this.#fd = fd;
    this.#lines = lines;
    this.#outbox = new Outbox(fd);
    this.#onClosed = onClosed;
    context.loop.watch(fd, events, (happened) => this.#onEvents(happened));
  }

  tell(event: ExitEvent): void {
    this.#send(event);
  }

  #onEvents(happened: number): void {
    this.#outbox.flush();
    this.#receive();
    if ((happened & EPOLLHUP) !== 0 || this.#outbox.broken) this.#close();
  }

  #receive(): void {
    const { input } = this.#context.io;
    while (!this.#closed) {
      const got = this.#read(input);
      if (got === undefined) return;
      if (got === 0) return this.#close();
      this.handleLines(input.subarray(inputStart, inputStart + got));
    }
  }

  #read(buffer: Uint8Array): number | undefined {
    try {
      return read(this.#fd, buffer, inputStart, readBytesMax);
    } catch (err) {
      if (failedWith(err, "ECONNRESET")) return 0;
      throw err;
    }
  }

  /** Handles the requests that are complete with `bytes`, and with what came along with the greeting. */
  handleLines(bytes: Uint8Array): void {
    try {
      this.#lines.push(bytes);
      for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next())
        this.#handle(line as ControlRequest);
    } catch (err) {
      // Not a line of ours: what follows cannot be trusted either.
      this.#context.log.error("control connection broken", { error: errorText(err) });
      this.#close();
    }
  }

  #handle(request: ControlRequest): void {
    const { seq } = request;
    try {
      this.#perform(request, (result) => this.#send({ seq, ok: true, result }));
    } catch (err) {
      this.#send({ seq, ok: false, error: { kind: kindOf(err), message: errorText(err) } });
    }
  }

  #perform(request: ControlRequest, done: (result: object) => void): void {
    const tasks = this.#tasks;
    switch (request.op) {
      case "start":
        return tasks.start(request.task, done);
      case "prepare":
        return done({ prepared: tasks.standby.prepare(request.task, request.needsLaterMounts) });
      case "dismiss":
        tasks.standby.dismiss(request.id);
        return done({});
      case "run":
        return runCommand(this.#context, request, done);
      case "list":
        return tasks.list((all) => done({ tasks: all }));
      case "adopt":
        tasks.adopt(request.task, request);
        return done({});
      case "signal":
        tasks.signal(request.id, request.signal);
        return done({});
      case "resize":
        tasks.running(request.id).resize(request);
        return done({});
      case "closeStdin":
        tasks.running(request.id).input?.end();
        return done({});
      case "forget":
        tasks.forget(request.id);
        return done({});
      case "abandon":
        tasks.abandon(request.id);
        tasks.standby.dismiss(request.id);
        return done({});
      case "hold":
        return done({ refused: this.#context.heldPorts.hold(request.id, request.ports) });
      case "keepHeld":
        this.#context.heldPorts.keepOnly(request.ids);
        return done({});
      case "quit":
        if (!tasks.empty) throw new ConflictError("tasks are running");
        tasks.standby.dismissAll();
        done({});
        return this.#context.loop.stop();
    }
    // A daemon of another version, perhaps: it is told so, and goes on.
    throw new InvalidParameterError(`no request is called ${String((request as { op: unknown }).op)}`);
  }

  #send(message: ControlReply | ExitEvent): void {
    if (this.#closed) return; // the daemon has gone meanwhile: its successor asks for the list
    this.#outbox.send(Buffer.from(jsonLine(message)));
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#context.loop.close(this.#fd);
    this.#onClosed(this);
  }
}

function kindOf(err: unknown): ControlErrorKind {
  if (err instanceof NotFoundError) return "not-found";
  // The process has ended, and its end has not been dealt with yet.
  if (failedWith(err, "ESRCH")) return "not-found";
  return err instanceof ConflictError ? "conflict" : "system";
}
