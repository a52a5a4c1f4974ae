// What volumes with driver options have mounted in their places: from the first container that uses one to the last.
//
// INVARIANT: a volume is mounted exactly while it has holders; both change under the volume's lock only. Mounts outlive the
// daemon: the next one says who holds them (`adopt`) and takes the others away (`sweep`).
import { execFile } from "node:child_process";
import { SystemError } from "../base/errors.ts";
import { KeyedLock } from "../base/keyed-lock.ts";
import { unmountFully } from "../sys/mount.ts";
import { mountArguments } from "./driver-options.ts";
import type { VolumeStore } from "./volume-store.ts";

/** A file server may not answer. */
const mountTimeoutMs = 60_000;

export class VolumeMounts {
  readonly #volumes: VolumeStore;
  readonly #holders = new Map<string, Set<string>>();
  readonly #locks = new KeyedLock();

  constructor(volumes: VolumeStore) {
    this.#volumes = volumes;
  }

  /** SystemError with what mount(8) said. Nothing is to be mounted for most volumes. */
  async hold(name: string, holder: string): Promise<void> {
    const target = this.#volumes.mountpoint(name);
    const words = mountArguments(this.#volumes.get(name)?.options ?? {}, target);
    if (words === undefined) return;
    await this.#locks.run(name, async () => {
      if (!this.#holders.has(name)) {
        unmountFully(target);
        await mountBy(words, target);
      }
      this.#add(name, holder);
    });
  }

  /** Of a mount that the daemon before made. */
  adopt(name: string, holder: string): void {
    if (this.#volumes.get(name)?.options !== undefined) this.#add(name, holder);
  }

  #add(name: string, holder: string): void {
    this.#holders.set(name, (this.#holders.get(name) ?? new Set()).add(holder));
  }

  /** Of a volume that was removed, and unmounted with that. */
  forget(name: string): void {
    this.#holders.delete(name);
  }

  async letGo(holder: string): Promise<void> {
    const held = [...this.#holders].flatMap(([name, holders]) => (holders.has(holder) ? [name] : []));
    for (const name of held)
      await this.#locks.run(name, async () => {
        const holders = this.#holders.get(name);
        holders?.delete(holder);
        if (holders?.size !== 0) return;
        this.#holders.delete(name);
        unmountFully(this.#volumes.mountpoint(name));
      });
  }

  /** Unmounts what nobody holds; for the daemon's start. */
  sweep(): void {
    for (const { name, options } of this.#volumes.all())
      if (options !== undefined && !this.#holders.has(name)) unmountFully(this.#volumes.mountpoint(name));
  }
}

function mountBy(words: readonly string[], target: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile("mount", words, { timeout: mountTimeoutMs }, (err, _stdout, stderr) => {
      if (err === null) return resolve();
      const said = stderr.trim() || err.message;
      reject(
        new SystemError(`error while mounting volume '${target}': failed to mount local volume: ${said}`, {
          cause: err,
        }),
      );
    });
  });
}
