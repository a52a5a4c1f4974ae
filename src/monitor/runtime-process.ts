// An OCI runtime at work, with the stdio that will be its program's: FIFOs, or a console socket.
import { rmSync } from "node:fs";
import type { RuntimeTask } from "../runtime/monitor-protocol.ts";
import { closeFd } from "../sys/file.ts";
import { pidfdOpen } from "../sys/pidfd.ts";
import { kill } from "../sys/process.ts";
import { listenForConsole, type ConsoleSocket } from "./console.ts";
import type { Context } from "./context.ts";
import type { Ended } from "./reaper.ts";
import { makeStdio, removeStdio, type OwnEnds, type TaskStdio } from "./stdio.ts";

const sigkill = 9;

export class RuntimeProcess {
  /** The monitor's ends of its stdio. */
  readonly own: OwnEnds;
  readonly console: ConsoleSocket | undefined;
  readonly #pid: number;
  readonly #dir: string;
  readonly #whenEnded: Ended[] = [];
  #ended = false;

  private constructor(pid: number, { dir }: RuntimeTask, own: OwnEnds, console: ConsoleSocket | undefined) {
    this.#pid = pid;
    this.#dir = dir;
    this.own = own;
    this.console = console;
  }

  /** Throws, with nothing left behind, when it cannot be spawned. */
  static spawn(context: Context, task: RuntimeTask): RuntimeProcess {
    for (const path of [task.pidFile, task.logFile]) rmSync(path, { force: true });
    const stdio = makeStdio(task);
    let console: ConsoleSocket | undefined;
    let pid: number;
    try {
      console = task.consoleSocket === undefined ? undefined : listenForConsole(task.consoleSocket);
      pid = spawnCommand(context, task, stdio);
    } catch (err) {
      closeEnds(stdio.own);
      console?.close();
      removeStdio(task.dir);
      throw err;
    } finally {
      for (const end of stdio.program) if (end !== "null") closeFd(end);
    }
    const runtime = new RuntimeProcess(pid, task, stdio.own, console);
    runtime.#watch(context);
    return runtime;
  }

  /** Told once, after those who asked before. */
  whenEnded(ended: Ended): void {
    this.#whenEnded.push(ended);
  }

  /** With all that it has spawned. Its end is told as any other. */
  kill(): void {
    if (!this.#ended) kill(-this.#pid, sigkill);
  }

  /** Of one that starts nothing (any more). */
  closeStdio(): void {
    closeEnds(this.own);
    removeStdio(this.#dir);
  }

  #watch({ loop, reaper }: Context): void {
    const pidfd = pidfdOpen(this.#pid);
    reaper.watch(this.#pid, pidfd, (exit) => {
      this.#ended = true;
      loop.close(pidfd);
      for (const ended of this.#whenEnded) ended(exit);
    });
  }
}

function spawnCommand({ spawn, executable }: Context, { command }: RuntimeTask, stdio: TaskStdio): number {
  const { argv, env } = command;
  return spawn({
    path: executable(command),
    argv,
    env: env ?? (process.env as Record<string, string>),
    stdio: stdio.program,
    cwd: "/",
    setsid: true, // a process group of its own, to be killed as a whole
  });
}

function closeEnds(own: OwnEnds): void {
  for (const fd of Object.values(own)) if (fd !== undefined) closeFd(fd);
}
