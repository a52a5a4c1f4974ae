// Local volumes: <root>/volumes/<name>/{volume.json,_data}, named by their users or, anonymous, by 64 hex digits.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { syncFolder, writeFileDurable } from "../base/durable-file.ts";
import { ConflictError, InvalidParameterError, NotFoundError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { checkDriverOptions } from "./driver-options.ts";
import type { DriverOptions } from "./driver-options.ts";
import { unmountFully } from "../sys/mount.ts";

export type Volume = {
  readonly name: string;
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Made for a container that named none; goes with it when the removal asks for volumes. */
  readonly anonymous: boolean;
  /** What is mounted in its place while it is used (driver-options.ts). */
  readonly options?: DriverOptions;
};

/** Docker's rule for volume names. */
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const half = ".new";

export class VolumeStore {
  readonly #host: Host;
  readonly #folder: string;

  constructor(host: Host, root: string) {
    this.#host = host;
    this.#folder = join(root, "volumes");
    mkdirSync(this.#folder, { recursive: true, mode: 0o711 });
    for (const name of readdirSync(this.#folder))
      if (name.endsWith(half)) rmSync(join(this.#folder, name), { recursive: true, force: true });
  }

  /** The folder that is mounted into containers. */
  mountpoint(name: string): string {
    return join(this.#folder, name, "_data");
  }

  get(name: string): Volume | undefined {
    const path = join(this.#folder, name, "volume.json");
    return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Volume) : undefined;
  }

  all(): Volume[] {
    return readdirSync(this.#folder).flatMap((name) => this.get(name) ?? []);
  }

  /** The volume of that name, made if it is not there (Docker: creating twice is fine). One rename commits it. */
  ensure(
    name: string,
    wanted: {
      labels?: Readonly<Record<string, string>>;
      anonymous?: boolean;
      options?: DriverOptions | undefined;
    } = {},
  ): Volume {
    if (!namePattern.test(name))
      throw new InvalidParameterError(
        `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
      );
    const existing = this.get(name);
    if (existing) return existing;
    const { labels = {}, anonymous = false, options = {} } = wanted;
    checkDriverOptions(name, options);
    const volume: Volume = {
      name,
      createdAt: this.#host.clock.now().toISOString(),
      labels,
      anonymous,
      ...(Object.keys(options).length > 0 ? { options } : {}),
    };
    const temp = join(this.#folder, `${name}${half}`);
    mkdirSync(join(temp, "_data"), { recursive: true, mode: 0o755 });
    writeFileDurable(join(temp, "volume.json"), JSON.stringify(volume));
    renameSync(temp, join(this.#folder, name));
    syncFolder(this.#folder);
    return volume;
  }

  /** ConflictError while containers use it; `users` are their ids. */
  remove(name: string, users: readonly string[]): void {
    if (!this.get(name)) throw new NotFoundError(`get ${name}: no such volume`);
    if (users.length > 0) throw new ConflictError(`remove ${name}: volume is in use - [${users.join(", ")}]`);
    // Never into what is mounted there: it is not ours.
    unmountFully(this.mountpoint(name));
    const gone = join(this.#folder, `${name}${half}`);
    renameSync(join(this.#folder, name), gone);
    syncFolder(this.#folder);
    rmSync(gone, { recursive: true, force: true });
  }
}
