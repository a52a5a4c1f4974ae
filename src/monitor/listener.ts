// The monitor's socket: takes connections, reads the line that says what each is, and hands it to the right part.
import { rmSync } from "node:fs";
import { errorText, InvalidParameterError } from "../base/errors.ts";
import { jsonLine, type ExitEvent, type Greeting } from "../runtime/monitor-protocol.ts";
import { EPOLLIN } from "../sys/epoll.ts";
import { read, setNonBlocking, write } from "../sys/file.ts";
import { accept, listenUnix } from "../sys/unix-socket.ts";
import { AttachConnection } from "./attach-connection.ts";
import type { Context } from "./context.ts";
import { ControlConnection } from "./control-connection.ts";
import { inputStart } from "./io-buffers.ts";
import { LineReader } from "./line-reader.ts";
import type { TaskTable } from "./task-table.ts";

const registered = Buffer.from(jsonLine({ ok: true }));

export class Listener {
  readonly #context: Context;
  readonly #tasks: TaskTable;
  readonly #path: string;
  readonly #controls = new Set<ControlConnection>();

  constructor(context: Context, tasks: TaskTable, path: string) {
    this.#context = context;
    this.#tasks = tasks;
    this.#path = path;
  }

  get daemonConnected(): boolean {
    return this.#controls.size > 0;
  }

  tell(event: ExitEvent): void {
    for (const control of this.#controls) control.tell(event);
  }

  /** Replaces a dead monitor's socket. The caller holds the lock that says that it is dead. */
  listen(): void {
    rmSync(this.#path, { force: true });
    const listener = listenUnix(this.#path, 0o600);
    setNonBlocking(listener);
    this.#context.loop.watch(listener, EPOLLIN, () => {
      for (let fd = accept(listener, true); fd !== undefined; fd = accept(listener, true)) this.#greet(fd);
    });
  }

  #greet(fd: number): void {
    const { loop } = this.#context;
    const lines = new LineReader();
    loop.watch(fd, EPOLLIN, () => {
      try {
        const greeting = this.#readGreeting(fd, lines);
        if (greeting === undefined) return;
        loop.unwatch(fd);
        this.#welcome(fd, greeting, lines);
      } catch (err) {
        this.#context.log.warn("connection refused", { error: errorText(err) });
        loop.close(fd);
      }
    });
  }

  /** `undefined` while the line is not complete. */
  #readGreeting(fd: number, lines: LineReader): Greeting | undefined {
    const { input } = this.#context.io;
    const got = read(fd, input, inputStart);
    if (got === undefined) return undefined;
    if (got === 0) throw new InvalidParameterError("it ended before it said what it is");
    lines.push(input, inputStart, inputStart + got);
    return lines.next() as Greeting | undefined;
  }

  #welcome(fd: number, greeting: Greeting, lines: LineReader): void {
    switch (greeting.op) {
      case "control": {
        const onClosed = (closed: ControlConnection): unknown => this.#controls.delete(closed);
        const control = new ControlConnection(this.#context, this.#tasks, fd, lines, onClosed);
        this.#controls.add(control);
        control.handleLines();
        return;
      }
      case "attach": {
        const onGone = (gone: AttachConnection): void => this.#tasks.dropWaiting(gone);
        write(fd, registered);
        this.#tasks.attach(new AttachConnection(this.#context, fd, greeting, onGone));
      }
    }
  }
}
