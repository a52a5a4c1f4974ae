// The tasks that run, those that have ended and are not forgotten yet, and the clients that wait for one to come: what
// the control requests act on.
import { ConflictError, NotFoundError } from "../base/errors.ts";
import type { RuntimeFailure, StartedTask, TaskSpec, TaskStatus } from "../runtime/monitor-protocol.ts";
import { closeFd } from "../sys/file.ts";
import { pidfdOf } from "../sys/pidfd.ts";
import { processStartTime } from "../sys/process.ts";
import type { AttachConnection } from "./attach-connection.ts";
import type { Context } from "./context.ts";
import { startTask, type CancelStart } from "./start-task.ts";
import { Standby } from "./standby.ts";
import { reopenStdio } from "./stdio.ts";
import { Task } from "./task.ts";

export class TaskTable {
  readonly standby: Standby;
  readonly #context: Context;
  readonly #starting = new Map<string, CancelStart>();
  readonly #running = new Map<string, Task>();
  readonly #ended = new Map<string, TaskStatus>();
  readonly #waiting = new Map<string, Set<AttachConnection>>();
  #whenSettled: (() => void)[] = [];

  constructor(context: Context) {
    this.#context = context;
    this.standby = new Standby(context);
  }

  get empty(): boolean {
    return this.#starting.size === 0 && this.#running.size === 0;
  }

  /** Calls `done` when the runtime has ended. ConflictError when such a task runs; one that has ended is replaced. */
  start(spec: TaskSpec, done: (result: StartedTask | RuntimeFailure) => void): void {
    this.#refuseTwice(spec.id);
    const cancel = startTask(
      this.#context,
      spec,
      (outcome) => {
        this.#starting.delete(spec.id);
        if ("error" in outcome) {
          this.abandon(spec.id);
          done(outcome);
        } else {
          const { pid, startTime, pidfd, own, master } = outcome;
          const task = new Task(this.#context, spec, (status) => this.#conclude(status));
          if (master === undefined) task.openFifos(own);
          else {
            task.openTerminal(master);
            if (own.stderr !== undefined) closeFd(own.stderr); // only the runtime spoke there
          }
          done({ pid, startTime }); // before its end can be told
          this.#run(task, { pid, startTime }, pidfd);
        }
        this.#afterStart();
      },
      this.standby.take(spec),
    );
    this.#starting.set(spec.id, cancel);
  }

  /** Takes over a task that another monitor started. One that is gone, its pid perhaps used again, ends at once. */
  adopt(spec: TaskSpec, process: StartedTask): void {
    this.#refuseTwice(spec.id);
    const pidfd = pidfdOf(process.pid);
    const isSame = pidfd !== undefined && processStartTime(process.pid) === process.startTime;
    if (pidfd !== undefined && !isSame) closeFd(pidfd);
    const task = new Task(this.#context, spec, (status) => this.#conclude(status));
    task.openFifos(reopenStdio(spec));
    this.#run(task, process, isSame ? pidfd : undefined);
  }

  /** Calls `done` when no start is under way, so that every task is either there or not. */
  list(done: (tasks: readonly TaskStatus[]) => void): void {
    const tell = (): void => {
      const running = [...this.#running.values()].flatMap(({ status }) => status ?? []);
      done([...running, ...this.#ended.values()]);
    };
    if (this.#starting.size === 0) tell();
    else this.#whenSettled.push(tell);
  }

  /** Of a task whose start is under way, the runtime is killed. */
  signal(id: string, signal: number): void {
    const cancel = this.#starting.get(id);
    if (cancel) cancel();
    else this.running(id).signal(signal);
  }

  /** NotFoundError when no such task runs. */
  running(id: string): Task {
    const task = this.#running.get(id);
    if (!task) throw new NotFoundError(`no task ${id} is running`);
    return task;
  }

  forget(id: string): void {
    this.#ended.delete(id);
  }

  attach(client: AttachConnection): void {
    const { id, wait = true } = client.request;
    const task = this.#running.get(id);
    if (task) return client.join(task);
    if (!wait && !this.#starting.has(id)) return client.close();
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(client));
    return undefined;
  }

  /** Closes the connections that wait for this task. */
  abandon(id: string): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    for (const client of waiting ?? []) client.close();
  }

  /** A client that waited has hung up. */
  dropWaiting(client: AttachConnection): void {
    const { id } = client.request;
    const waiting = this.#waiting.get(id);
    waiting?.delete(client);
    if (waiting?.size === 0) this.#waiting.delete(id);
  }

  #afterStart(): void {
    this.#context.reaper.sweep();
    if (this.#starting.size > 0) return;
    this.#context.reaper.forgetStrays();
    for (const tell of this.#whenSettled.splice(0)) tell();
  }

  #refuseTwice(id: string): void {
    if (this.#running.has(id) || this.#starting.has(id)) throw new ConflictError(`task ${id} is running`);
    this.#ended.delete(id);
  }

  #run(task: Task, process: StartedTask, pidfd: number | undefined): void {
    const { id } = task.spec;
    this.#running.set(id, task);
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    for (const client of waiting ?? []) client.join(task);
    task.run(process, pidfd);
  }

  #conclude(status: TaskStatus): void {
    this.#running.delete(status.id);
    this.#ended.set(status.id, status);
    this.#context.reaper.sweep();
  }
}
