// A runtime that is spawned ahead of the start that it is for. A quarter of its work needs nothing of that start: loading
// its libraries, reading its arguments. Then it opens config.json, which is a FIFO that nobody has written yet.
//
//   prepare ──► spawned: loads, opens, waits │        │──► start: goes on at once
//                 the bundle's config.json takes the FIFO's name; the monitor writes the same bytes into the FIFO
//
// Runtimes that open config.json a second time (crun copies it into its state) find the file. The monitor alone holds the
// FIFO for writing, so its death is the runtime's end of file: no config.json, and it ends.
import { mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { RuntimeTask } from "../runtime/monitor-protocol.ts";
import { mkfifo } from "../sys/fifo.ts";
import { O_NONBLOCK, O_RDWR, openFile } from "../sys/file.ts";
import type { Context } from "./context.ts";
import { feed } from "./feed.ts";
import { RuntimeProcess } from "./runtime-process.ts";

type Waiting = {
  readonly task: RuntimeTask;
  readonly runtime: RuntimeProcess;
  /** Open for reading too: the runtime may not have come as far as opening it when it is written. */
  readonly fifo: number;
};

export class Standby {
  readonly #context: Context;
  #waiting: Waiting | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * Makes the task's folder. False where a runtime would not see the mounts of a later start. Throws, with nothing left behind, when it cannot be
   * spawned.
   */
  prepare(task: RuntimeTask): boolean {
    const { loop, canPrepare } = this.#context;
    if (!canPrepare) return false;
    this.dismiss();
    mkdirSync(task.dir, { mode: 0o700 });
    let fifo: number | undefined;
    try {
      mkfifo(configPath(task), 0o600);
      fifo = openFile(configPath(task), O_RDWR | O_NONBLOCK);
      const waiting = { task, fifo, runtime: RuntimeProcess.spawn(this.#context, task) };
      this.#waiting = waiting;
      waiting.runtime.whenEnded(() => {
        if (this.#waiting === waiting) this.dismiss();
      });
      return true;
    } catch (err) {
      if (fifo !== undefined) loop.close(fifo);
      rmSync(task.dir, { recursive: true });
      throw err;
    }
  }

  /** The runtime that waits for this very start, and is on its way with it now. `undefined`: there is none. */
  take(task: RuntimeTask): RuntimeProcess | undefined {
    const waiting = this.#waiting;
    if (waiting?.task.id !== task.id) return undefined;
    const config = configPath(task);
    // Another runtime, a terminal, or nothing to read: the start goes the long way.
    if (!isSameStart(waiting.task, task) || !statSync(config).isFile()) {
      this.dismiss();
      return undefined;
    }
    const bytes = readFileSync(config);
    this.#waiting = undefined;
    const stopFeeding = feed(this.#context.loop, waiting.fifo, bytes);
    waiting.runtime.whenEnded(stopFeeding);
    return waiting.runtime;
  }

  dismiss(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    this.#waiting = undefined;
    waiting.runtime.kill();
    waiting.runtime.closeStdio();
    this.#context.loop.close(waiting.fifo);
  }
}

const configPath = ({ dir }: RuntimeTask): string => join(dir, "config.json");

function isSameStart(prepared: RuntimeTask, task: RuntimeTask): boolean {
  const { command, openStdin, terminal } = prepared;
  return (
    terminal === task.terminal &&
    openStdin === task.openStdin &&
    JSON.stringify(command) === JSON.stringify(task.command)
  );
}
