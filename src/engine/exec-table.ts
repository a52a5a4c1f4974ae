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
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();

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
    if (record.state.status === "exited") this.#letGo(record.id);
  }

  /** Resolves when the exec has ended, or is not known (any more). */
  ended(id: string): Promise<void> {
    const state = this.#byId.get(id)?.state.status;
    if (state === undefined || state === "exited") return Promise.resolve();
    const waiting = this.#waiting.get(id) ?? Promise.withResolvers<void>();
    this.#waiting.set(id, waiting);
    return waiting.promise;
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
        this.#letGo(record.id);
      }
  }

  #letGo(id: string): void {
    this.#waiting.get(id)?.resolve();
    this.#waiting.delete(id);
  }
}
