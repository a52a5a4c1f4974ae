// The runtimes of execs, spawned ahead of their start: one when a client has made an exec, who asks for the start a millisecond
// later; and after a start a spare one, for the next exec of the same container. How they wait: monitor/standby.ts. Everything
// works without them.
//
//   prepare ──► prepared ──► taken by the start ──► spare, with an id that the next exec gets ──► claimed: prepared
//                  └ not started in time: dropped     └ no exec in time: dropped
import { rm } from "node:fs/promises";
import { errorText } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { RuntimeTask } from "../runtime/monitor-protocol.ts";
import type { MonitorLink } from "./monitor-link.ts";
import { endWaiting } from "./standby.ts";

/** A client that starts its exec later than this does not mind some milliseconds. */
const keptMs = 2000;
/** Who runs one command after the other in a container, a test or a script, is no slower than this. */
const spareKeptMs = 5000;
/** After a start, so that the program and those who wait for it have the processors first. */
const spareAfterMs = 4;
/** Execs that are made and never started must not fill the machine with runtimes. */
const most = 8;

export type ExecPlace = {
  readonly containerId: string;
  /** The container's own process: the runtime looks it up at once. */
  readonly containerPid: number;
};

type Shape = Pick<RuntimeTask, "terminal" | "openStdin">;

type Prepared = ExecPlace & {
  readonly task: RuntimeTask;
  readonly preparing: Promise<unknown>;
  /** No exec has its id yet. */
  readonly isSpare: boolean;
  readonly timer: ReturnType<typeof setTimeout>;
  /** Under way when it was not started in time. */
  dropping?: Promise<void>;
};

export class ExecsAhead {
  readonly #host: Host;
  readonly #monitor: MonitorLink;
  readonly #byId = new Map<string, Prepared>();
  /** Spares that are to be spawned a moment from now, by container. */
  readonly #coming = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(host: Host, monitor: MonitorLink) {
    this.#host = host;
    this.#monitor = monitor;
  }

  /** The id for an exec that is made now; `undefined` when no runtime waits for one of this shape. */
  claim({ containerId, containerPid }: ExecPlace, { terminal, openStdin }: Shape): string | undefined {
    const spare = this.#spareOf(containerId);
    if (!spare || spare.dropping || spare.containerPid !== containerPid) return undefined;
    const { id } = spare.task;
    if (spare.task.terminal !== terminal || spare.task.openStdin !== openStdin) return undefined;
    clearTimeout(spare.timer);
    this.#byId.set(id, { ...spare, isSpare: false, timer: this.#dropAfter(keptMs, id) });
    return id;
  }

  /** Of an exec that will be started soon. Fine for one that has claimed its runtime. */
  prepare(task: RuntimeTask, place: ExecPlace): void {
    if (!this.#byId.has(task.id)) this.#spawn(task, place, false);
  }

  /** Of the exec that may follow one that has been started, with an id of its own. */
  prepareSpare(task: RuntimeTask, place: ExecPlace): void {
    const { containerId } = place;
    if (this.#coming.has(containerId) || this.#spareOf(containerId)) return;
    const timer = setTimeout(() => {
      this.#coming.delete(containerId);
      this.#spawn(task, place, true);
    }, spareAfterMs);
    this.#coming.set(containerId, timer.unref());
  }

  /**
   * This exec is started now. When it resolves, its configuration may be put in its place; a runtime may wait for that. False
   * where none was prepared.
   */
  async take(id: string, { containerPid }: ExecPlace): Promise<boolean> {
    const prepared = this.#byId.get(id);
    if (!prepared) return false;
    if (prepared.containerPid !== containerPid || prepared.dropping) {
      await this.#drop(id);
      return false;
    }
    clearTimeout(prepared.timer);
    this.#byId.delete(id);
    await prepared.preparing;
    return true;
  }

  /** The container has ended. */
  async leave(containerId: string): Promise<void> {
    clearTimeout(this.#coming.get(containerId));
    this.#coming.delete(containerId);
    const there = [...this.#byId.values()].filter((prepared) => prepared.containerId === containerId);
    await Promise.all(there.map(({ task }) => this.#drop(task.id)));
  }

  /** The monitor that had them is dead. */
  async lost(): Promise<void> {
    for (const { task } of this.#byId.values()) endWaiting(task.configFile);
    await this.close();
  }

  async close(): Promise<void> {
    for (const timer of this.#coming.values()) clearTimeout(timer);
    this.#coming.clear();
    await Promise.all([...this.#byId.keys()].map((id) => this.#drop(id)));
  }

  #spareOf(containerId: string): Prepared | undefined {
    for (const prepared of this.#byId.values())
      if (prepared.isSpare && prepared.containerId === containerId) return prepared;
    return undefined;
  }

  #spawn(task: RuntimeTask, place: ExecPlace, isSpare: boolean): void {
    const { id } = task;
    if (this.#byId.size >= most) return;
    const preparing = this.#monitor.prepare(task, false).catch((err: unknown) => {
      this.#host.log.debug("no runtime ahead of an exec", { exec: id, error: errorText(err) });
    });
    const timer = this.#dropAfter(isSpare ? spareKeptMs : keptMs, id);
    this.#byId.set(id, { ...place, task, preparing, isSpare, timer });
  }

  #dropAfter(ms: number, id: string): ReturnType<typeof setTimeout> {
    return setTimeout(() => void this.#drop(id), ms).unref();
  }

  async #drop(id: string): Promise<void> {
    const prepared = this.#byId.get(id);
    if (!prepared) return;
    clearTimeout(prepared.timer);
    prepared.dropping ??= this.#end(prepared).finally(() => this.#byId.delete(id));
    await prepared.dropping;
  }

  async #end({ task, preparing }: Prepared): Promise<void> {
    const { id, dir } = task;
    try {
      await preparing;
      await this.#monitor.dismiss(id);
      await rm(dir, { recursive: true, force: true });
    } catch (err) {
      this.#host.log.warn("a runtime ahead of an exec stays", { exec: id, error: errorText(err) });
    }
  }
}
