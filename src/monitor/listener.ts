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

const acceptAgainMs = 1000;
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
    this.#watch(listener);
  }

  #watch(listener: number): void {
    const { loop, log } = this.#context;
    loop.watch(listener, EPOLLIN, () => {
      try {
        for (let fd = accept(listener, true); fd !== undefined; fd = accept(listener, true)) this.#greet(fd);
      } catch (err) {
        // Out of descriptors: containers go on, and those who knock are let in when there are some again.
        log.error("connection cannot be accepted", { error: errorText(err) });
        loop.unwatch(listener);
        loop.after(acceptAgainMs, () => this.#watch(listener));
      }
    });
  }

  #greet(fd: number): void {
    const { loop, log } = this.#context;
    const lines = new LineReader();
    loop.watch(fd, EPOLLIN, () => {
      let greeting: Greeting | undefined;
      try {
        greeting = this.#readGreeting(fd, lines);
      } catch (err) {
        log.warn("connection refused", { error: errorText(err) });
        loop.close(fd);
        return;
      }
      if (greeting === undefined) return;
      loop.unwatch(fd);
      this.#welcome(fd, greeting, lines);
    });
  }

  /** `undefined` while the line is not complete. */
  #readGreeting(fd: number, lines: LineReader): Greeting | undefined {
    const { input } = this.#context.io;
    const got = read(fd, input, inputStart);
    if (got === undefined) return undefined;
    if (got === 0) throw new InvalidParameterError("it ended before it said what it is");
    lines.push(input.subarray(inputStart, inputStart + got));
    const greeting = lines.next() as Greeting | undefined;
    if (greeting === undefined || greeting.op === "control") return greeting;
    if (greeting.op !== "attach") throw new InvalidParameterError("it does not say what it is");
    write(fd, registered);
    return greeting;
  }

  #welcome(fd: number, greeting: Greeting, lines: LineReader): void {
    switch (greeting.op) {
      case "control": {
        const onClosed = (closed: ControlConnection): void => {
          this.#controls.delete(closed);
          if (!this.daemonConnected) this.#tasks.standby.dismissAll();
        };
        const control = new ControlConnection(this.#context, this.#tasks, fd, lines, onClosed);
        this.#controls.add(control);
        return control.handleLines(new Uint8Array());
      }
      case "attach": {
        const onGone = (gone: AttachConnection): void => this.#tasks.dropWaiting(gone);
        return this.#tasks.attach(new AttachConnection(this.#context, fd, greeting, onGone));
      }
    }
  }
}
