// All containers' records: in memory frozen, on disk containers/<id>/config.json, replaced whole at every change.
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { syncFolder, writeFileDurable } from "../base/durable-file.ts";
import { InvalidParameterError, NotFoundError, errorText, hasCode } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { ContainerRecord } from "./record.ts";
import { isUp } from "./state.ts";

const recordFile = "config.json";
/** The last record that was synced, while one that was not has its place. */
const syncedFile = "config.synced.json";
const idPattern = /^[0-9a-f]{64}$/;

/**
 * Reading never touches the disk. `add`, `update` and `forget` return when the change would survive what it must: a power
 * cut; a daemon's death is enough for a container that is auto-removed (after a reboot it is not there), and for the news
 * that one is up which no policy brings back. After a power cut such a one has the state of before, or that of after.
 */
export class ContainerStore {
  readonly #root: string;
  readonly #byId = new Map<string, ContainerRecord>();
  readonly #idByName = new Map<string, string>();
  #version = 0;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Opens `<root>/containers`. A record that cannot be read is put aside as `<id>.broken-…` with a warning and stops nothing. */
  static open(root: string, host: Host): ContainerStore {
    const folder = join(root, "containers");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const store = new ContainerStore(folder);
    for (const name of readdirSync(folder)) if (idPattern.test(name)) store.#load(name, host);
    return store;
  }

  /** Another number after every change of any record. */
  get version(): number {
    return this.#version;
  }

  /** The folder of a container's files. */
  folder(id: string): string {
    return join(this.#root, id);
  }

  all(): ContainerRecord[] {
    return [...this.#byId.values()];
  }

  get(id: string): ContainerRecord | undefined {
    return this.#byId.get(id);
  }

  byName(name: string): ContainerRecord | undefined {
    const id = this.#idByName.get(name);
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** As `lookUp`, with NotFoundError in Docker's words when there is none. */
  find(ref: string): ContainerRecord {
    const record = this.lookUp(ref);
    if (!record) throw new NotFoundError(`No such container: ${ref}`);
    return record;
  }

  /** By whole id, name (with or without its slash) or unique id prefix, in this order as Docker does. */
  lookUp(ref: string): ContainerRecord | undefined {
    const exact = this.#byId.get(ref) ?? this.byName(ref.startsWith("/") ? ref.slice(1) : ref);
    if (exact) return exact;
    const matches = ref === "" ? [] : this.all().filter((record) => record.id.startsWith(ref));
    const [match] = matches;
    if (matches.length > 1)
      throw new InvalidParameterError(`multiple IDs found with provided prefix: ${ref}`);
    return match;
  }

  /** The id that begins so; undefined where there is none, or more than one. */
  idByPrefix(prefix: string): string | undefined {
    const matches = prefix === "" ? [] : this.all().filter(({ id }) => id.startsWith(prefix));
    return matches.length === 1 ? matches[0]?.id : undefined;
  }

  /** Writes a new container's record. Its folder exists already: making it was the barrier against a second one of this id. */
  add(record: ContainerRecord): void {
    this.#write(record);
    if (mustSurvivePowerCut(record)) syncFolder(this.#root);
  }

  /** Replaces the record of `id` by what `change` makes of it and returns the new one. */
  update(id: string, change: (record: ContainerRecord) => ContainerRecord): ContainerRecord {
    const before = this.#byId.get(id);
    if (!before) throw new NotFoundError(`No such container: ${id}`);
    const after = change(before);
    if (after !== before) this.#write(after, before);
    return after;
  }

  /** As `update`, but in memory alone: what may be lost with the daemon, and is written with the next change that may not. */
  updateInMemory(id: string, change: (record: ContainerRecord) => ContainerRecord): ContainerRecord {
    const before = this.find(id);
    const after = change(before);
    this.#keep(after, before);
    return after;
  }

  /**
   * Forgets the container: taking the record out of its folder is the commit. The folder itself, which may hold
   * mounts still being taken down, is garbage from then on; `leftovers` finds it should nobody come to remove it.
   */
  forget(id: string): void {
    const record = this.#byId.get(id);
    if (!record) return;
    this.#byId.delete(id);
    this.#idByName.delete(record.name);
    this.#version += 1;
    unlinkSync(join(this.folder(id), recordFile));
    if (!record.hostConfig.AutoRemove) syncFolder(this.folder(id));
  }

  /** Ids of folders with no record: a create that never came to its record, a removal that was cut short. */
  leftovers(): string[] {
    return readdirSync(this.#root).filter((name) => idPattern.test(name) && !this.#byId.has(name));
  }

  #write(record: ContainerRecord, before?: ContainerRecord): void {
    const folder = this.folder(record.id);
    const sync = mustSurvivePowerCut(record);
    if (!sync && before && mustSurvivePowerCut(before)) keepSynced(folder);
    writeFileDurable(join(folder, recordFile), JSON.stringify(record), { sync });
    this.#keep(record, before);
  }

  #keep(record: ContainerRecord, before?: ContainerRecord): void {
    this.#byId.set(record.id, Object.freeze(record));
    this.#version += 1;
    if (before && before.name !== record.name) this.#idByName.delete(before.name);
    this.#idByName.set(record.name, record.id);
  }

  #load(id: string, host: Host): void {
    const folder = this.folder(id);
    try {
      const record = readRecord(folder, id, host);
      if (record) this.#keep(record);
    } catch (err) {
      const aside = `${folder}.broken-${host.clock.now().getTime()}`;
      renameSync(folder, aside);
      host.log.warn("container record cannot be read, put aside", {
        container: id,
        aside,
        error: errorText(err),
      });
    }
  }
}

/** `undefined`: a create that never came to its record, which is swept once nothing of it is in use. */
function readRecord(folder: string, id: string, host: Host): ContainerRecord | undefined {
  const text = readIfThere(join(folder, recordFile));
  if (text === undefined) return undefined;
  try {
    return parseRecord(text, id);
  } catch (err) {
    const synced = readIfThere(join(folder, syncedFile));
    if (synced === undefined) throw err;
    const record = parseRecord(synced, id);
    host.log.warn("container record cannot be read, taking the one before", {
      container: id,
      error: errorText(err),
    });
    return record;
  }
}

function parseRecord(text: string, id: string): ContainerRecord {
  const record = JSON.parse(text) as ContainerRecord;
  if (record.id !== id || typeof record.name !== "string" || typeof record.state.status !== "string")
    throw new Error("not a container record");
  return record;
}

function mustSurvivePowerCut({ state, hostConfig }: ContainerRecord): boolean {
  if (hostConfig.AutoRemove) return false;
  return !isUp(state) || !["", "no"].includes(hostConfig.RestartPolicy.Name);
}

/**
 * A file that replaces another without a sync may be found empty after a power cut: file systems such as XFS write names
 * before data. The other one, by a second name, is then still there.
 */
function keepSynced(folder: string): void {
  const kept = join(folder, syncedFile);
  rmSync(kept, { force: true });
  linkSync(join(folder, recordFile), kept);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (err) {
    if (hasCode(err, "ENOENT")) return undefined;
    throw err;
  }
}
