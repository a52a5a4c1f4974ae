// The exec instances that this daemon knows: made by a client, started once, kept until their container goes.
import { NotFoundError } from "../base/errors.ts";
import type { ExecCreateBody } from "../spec/docker.ts";

export type ExecState =
  | { readonly status: "created" }
  | { readonly status: "starting" }
  | { readonly status: "running"; readonly pid: number }
  | { readonly status: "exited"; readonly exitCode: number };

export type ExecRecord = {
  /** 64 hex digits; also the id of its task. */
  readonly id: string;
  readonly containerId: string;
  readonly body: ExecCreateBody;
  readonly state: ExecState;
};

/** In memory only, as in dockerd: an exec is a client's errand, and its client sees the daemon go. */
export class ExecTable {
  readonly #byId = new Map<string, ExecRecord>();
  readonly #waitForStart = new Map<string, PromiseWithResolvers<void>>();
  readonly #waitForEnd = new Map<string, PromiseWithResolvers<void>>();

  find(id: string): ExecRecord {
    const record = this.#byId.get(id);
    if (!record) throw new NotFoundError(`No such exec instance: ${id}`);
    return record;
  }

  get(id: string): ExecRecord | undefined {
    return this.#byId.get(id);
  }

  set(record: ExecRecord): void {
    this.#byId.set(record.id, record);
    const { status } = record.state;
    if (status === "running" || status === "exited") letGo(this.#waitForStart, record.id);
    if (status === "exited") letGo(this.#waitForEnd, record.id);
  }

  /** Resolves when the exec's program runs or has ended, or the exec is not known (any more). */
  started(id: string): Promise<void> {
    const state = this.#byId.get(id)?.state.status;
    return state === "created" || state === "starting" ? waitIn(this.#waitForStart, id) : Promise.resolve();
  }

  /** Resolves when the exec has ended, or is not known (any more). */
  ended(id: string): Promise<void> {
    const state = this.#byId.get(id)?.state.status;
    return state === undefined || state === "exited" ? Promise.resolve() : waitIn(this.#waitForEnd, id);
  }

  /** Ids of the execs that run. */
  running(): string[] {
    return [...this.#byId.values()].filter(({ state }) => state.status === "running").map(({ id }) => id);
  }

  /** Ids of the container's execs that run: `ExecIDs` of an inspect. */
  runningIn(containerId: string): string[] {
    return [...this.#byId.values()]
      .filter((record) => record.containerId === containerId && record.state.status === "running")
      .map(({ id }) => id);
  }

  /** Ended execs of a container are dropped once there are this many, oldest first: a health check must not fill the memory. */
  trim(containerId: string, keep = 64): void {
    const ended = [...this.#byId.values()].filter(
      (record) => record.containerId === containerId && record.state.status === "exited",
    );
    for (const { id } of ended.slice(0, Math.max(0, ended.length - keep))) this.#byId.delete(id);
  }

  forgetContainer(containerId: string): void {
    for (const record of this.#byId.values())
      if (record.containerId === containerId) {
        this.#byId.delete(record.id);
        letGo(this.#waitForStart, record.id);
        letGo(this.#waitForEnd, record.id);
      }
  }
}

type Waiting = Map<string, PromiseWithResolvers<void>>;

function waitIn(waiting: Waiting, id: string): Promise<void> {
  const found = waiting.get(id) ?? Promise.withResolvers<void>();
  waiting.set(id, found);
  return found.promise;
}

function letGo(waiting: Waiting, id: string): void {
  waiting.get(id)?.resolve();
  waiting.delete(id);
}
