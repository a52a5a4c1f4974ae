// Runtimes that are spawned ahead of the start that they are for. A quarter of a runtime's work needs nothing of that start:
// loading its libraries, reading its arguments. Then it opens its configuration (config.json, or an exec's process.json),
// which is a FIFO that nobody has written yet.
//
//   prepare ──► spawned: loads, opens, waits │        │──► start: goes on at once
//                 the configuration takes the FIFO's name; the monitor writes the same bytes into the FIFO
//
// Runtimes that open it a second time (crun copies config.json into its state) find the file. The monitor alone holds the
// FIFO for writing, so its death is the runtime's end of file: no configuration, and it ends.
import { mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
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
  readonly #waiting = new Map<string, Waiting>();

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * Makes the task's folder, where it is not there. False where a runtime would have to see the mounts of a later start, and
   * does not. Throws, with nothing left behind, when it cannot be spawned.
   */
  prepare(task: RuntimeTask, needsLaterMounts: boolean): boolean {
    const { loop, seesLaterMounts } = this.#context;
    if (needsLaterMounts && !seesLaterMounts) return false;
    this.dismiss(task.id);
    const made = mkdirSync(task.dir, { recursive: true, mode: 0o700 });
    let fifo: number | undefined;
    try {
      mkfifo(task.configFile, 0o600);
      fifo = openFile(task.configFile, O_RDWR | O_NONBLOCK);
      const waiting = { task, fifo, runtime: RuntimeProcess.spawn(this.#context, task) };
      this.#waiting.set(task.id, waiting);
      waiting.runtime.whenEnded(() => {
        if (this.#waiting.get(task.id) === waiting) this.dismiss(task.id);
      });
      return true;
    } catch (err) {
      if (fifo !== undefined) loop.close(fifo);
      rmSync(made ?? task.configFile, { recursive: true, force: true });
      throw err;
    }
  }

  /** The runtime that waits for this very start, and is on its way with it now. `undefined`: there is none. */
  take(task: RuntimeTask): RuntimeProcess | undefined {
    const waiting = this.#waiting.get(task.id);
    if (waiting === undefined) return undefined;
    // Another runtime, a terminal, or nothing to read: the start goes the long way.
    if (!isSameStart(waiting.task, task) || !statSync(task.configFile).isFile()) {
      this.dismiss(task.id);
      return undefined;
    }
    const bytes = readFileSync(task.configFile);
    this.#waiting.delete(task.id);
    const stopFeeding = feed(this.#context.loop, waiting.fifo, bytes);
    waiting.runtime.whenEnded(stopFeeding);
    return waiting.runtime;
  }

  /** Fine when none waits for this task. */
  dismiss(id: string): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    waiting.runtime.kill();
    waiting.runtime.closeStdio();
    waiting.runtime.console?.close();
    this.#context.loop.close(waiting.fifo);
  }

  dismissAll(): void {
    for (const id of this.#waiting.keys()) this.dismiss(id);
  }
}

function isSameStart(prepared: RuntimeTask, task: RuntimeTask): boolean {
  const { command, openStdin, terminal } = prepared;
  return (
    terminal === task.terminal &&
    openStdin === task.openStdin &&
    JSON.stringify(command) === JSON.stringify(task.command)
  );
}
