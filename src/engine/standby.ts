// The runtime of the next start, spawned before that start is asked for, under an id that the next container gets: see
// monitor/standby.ts for what it gains. One at most, for the commonest shape of a container: no terminal, no input, the
// default runtime. Everything works without it.
//
//   renew ──► prepared ──► claimed by a create ──► used by its start ──► renew
//                              └ not started in time, or removed: dismissed ──► renew
import { closeSync, constants, lstatSync, openSync, rmSync } from "node:fs";
import { errorText, hasCode } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { KeyedLock } from "../base/keyed-lock.ts";
import type { Driver } from "../runtime/driver.ts";
import type { CreateContainerBody } from "../spec/docker.ts";
import type { MonitorLink } from "./monitor-link.ts";
import { taskFiles } from "./task-paths.ts";

/** After a start, so that the program and those who wait for it have the processors first. */
const renewAfterMs = 4;
/** `docker create` without a start soon must not keep the next `run` from its standby. */
const claimMs = 2000;

type Parts = {
  readonly host: Host;
  readonly execRoot: string;
  readonly monitor: MonitorLink;
  /** One change at a time per container, by id. */
  readonly locks: KeyedLock;
  /** The one used for containers that ask for none. */
  readonly driver: Driver | undefined;
};

export class Standby {
  readonly #parts: Parts;
  #prepared: { readonly id: string; claimed: boolean } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The preparation that is under way. */
  #preparing: Promise<void> | undefined;
  /** The monitor has said that it cannot, on this machine. */
  #isImpossible = false;
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Has one prepared, a moment from now, if there is none. */
  renew(): void {
    if (this.#prepared || this.#preparing || this.#isImpossible) return;
    this.#later(renewAfterMs, async () => {
      this.#preparing = this.#prepare().finally(() => (this.#preparing = undefined));
      await this.#preparing;
    });
  }

  /** The id for a new container whose start has a runtime waiting; `undefined` when none waits for such a container. */
  claim({ Tty, OpenStdin, HostConfig }: CreateContainerBody): string | undefined {
    const prepared = this.#prepared;
    const runtime = HostConfig?.Runtime || this.#parts.driver?.name;
    const fits = !Tty && !OpenStdin && runtime === this.#parts.driver?.name;
    if (!prepared || prepared.claimed || !fits) return undefined;
    prepared.claimed = true;
    this.#later(claimMs, () => this.#takeBack(prepared.id));
    return prepared.id;
  }

  /** The container of this id will not be: its creation failed. */
  giveBack(id: string): void {
    if (this.#prepared?.id !== id) return;
    clearTimeout(this.#timer);
    this.#prepared.claimed = false;
  }

  /** A container has been started, or has failed to. After a preparation that failed, each start tries again. */
  used(id: string): void {
    if (this.#prepared?.id === id) this.#prepared = undefined;
    this.renew();
  }

  /** The container of this id goes, or its start has failed before the runtime. Needs the container's lock. */
  async release(id: string): Promise<void> {
    if (this.#prepared?.id !== id) return;
    await this.#drop();
    this.renew();
  }

  /** The monitor that had it is dead, and another one has taken its place. */
  lost(): void {
    this.#isImpossible = false;
    if (this.#prepared) {
      const { id, claimed } = this.#prepared;
      const { dir, configFile } = taskFiles(this.#parts.execRoot, id);
      endWaiting(configFile);
      if (claimed) return; // its start goes the long way, in the same folder
      this.#prepared = undefined;
      rmSync(dir, { recursive: true, force: true });
    }
    this.renew();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#preparing?.catch(() => {}); // told where it was begun
    if (this.#prepared) await this.#takeBack(this.#prepared.id);
  }

  async #prepare(): Promise<void> {
    const { host, execRoot, monitor, driver } = this.#parts;
    if (!driver || driver.kind === "lxc") return; // LXC stays as the program's parent, with a configuration of its own
    const id = host.random.hex(32);
    const { dir, configFile, pidFile, logFile } = taskFiles(execRoot, id);
    const command = driver.run({ id, bundle: dir, pidFile, logFile });
    const task = { id, dir, command, configFile, pidFile, logFile, terminal: false, openStdin: false };
    let isPrepared = false;
    try {
      isPrepared = await monitor.prepare(task, true);
    } finally {
      if (!isPrepared) rmSync(dir, { recursive: true, force: true });
    }
    this.#isImpossible = !isPrepared;
    if (isPrepared) this.#prepared = { id, claimed: false };
  }

  /** Not in the middle of a start, which works in the same folder. */
  async #takeBack(id: string): Promise<void> {
    await this.#parts.locks.run(id, () => this.release(id));
  }

  async #drop(): Promise<void> {
    const prepared = this.#prepared;
    if (!prepared) return;
    this.#prepared = undefined;
    await this.#parts.monitor.dismiss(prepared.id);
    rmSync(taskFiles(this.#parts.execRoot, prepared.id).dir, { recursive: true, force: true });
  }

  #later(ms: number, work: () => Promise<void>): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      work().catch((err: unknown) =>
        this.#parts.host.log.warn("no runtime in waiting", { error: errorText(err) }),
      );
    }, ms).unref();
  }
}

/**
 * A runtime whose monitor died before it had opened its configuration waits for a writer that does not come: it gets one, and
 * with that one's end its own. Fine for a task where none waits.
 */
export function endWaiting(configFile: string): void {
  if (!lstatSync(configFile, { throwIfNoEntry: false })?.isFIFO()) return;
  try {
    closeSync(openSync(configFile, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch (err) {
    if (!hasCode(err, "ENXIO")) throw err; // nobody waits
  }
}
