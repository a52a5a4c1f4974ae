// The runtime of an exec, spawned when a client has made the exec: clients ask for the start a millisecond later, and the
// runtime loads meanwhile. How it waits: monitor/standby.ts. Everything works without it.
//
//   prepare ──► prepared ──► taken by the start
//                  └ not started in time: dropped
import { rm } from "node:fs/promises";
import { errorText } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { RuntimeTask } from "../runtime/monitor-protocol.ts";
import type { MonitorLink } from "./monitor-link.ts";
import { endWaiting } from "./standby.ts";

/** A client that starts its exec later than this does not mind some milliseconds. */
const keptMs = 2000;
/** Execs that are made and never started must not fill the machine with runtimes. */
const most = 8;

type Prepared = {
  readonly task: RuntimeTask;
  /** The container's own process: the runtime looks it up at once. */
  readonly containerPid: number;
  readonly preparing: Promise<unknown>;
  readonly timer: ReturnType<typeof setTimeout>;
  /** Under way when it was not started in time. */
  dropping?: Promise<void>;
};

export class ExecsAhead {
  readonly #host: Host;
  readonly #monitor: MonitorLink;
  readonly #byId = new Map<string, Prepared>();

  constructor(host: Host, monitor: MonitorLink) {
    this.#host = host;
    this.#monitor = monitor;
  }

  prepare(task: RuntimeTask, containerPid: number): void {
    const { id } = task;
    if (this.#byId.size >= most) return;
    const preparing = this.#monitor.prepare(task, false).catch((err: unknown) => {
      this.#host.log.debug("no runtime ahead of an exec", { exec: id, error: errorText(err) });
    });
    const timer = setTimeout(() => void this.#drop(id), keptMs).unref();
    this.#byId.set(id, { task, containerPid, preparing, timer });
  }

  /** This exec is started now. When it resolves, its configuration may be put in its place; a runtime may wait for that. */
  async take(id: string, containerPid: number): Promise<void> {
    const prepared = this.#byId.get(id);
    if (!prepared) return;
    if (prepared.containerPid !== containerPid || prepared.dropping) return this.#drop(id);
    clearTimeout(prepared.timer);
    this.#byId.delete(id);
    await prepared.preparing;
  }

  /** The monitor that had them is dead. */
  async lost(): Promise<void> {
    for (const { task } of this.#byId.values()) endWaiting(task.configFile);
    await this.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byId.keys()].map((id) => this.#drop(id)));
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
