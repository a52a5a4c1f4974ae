// The record of a network (networks/<id>.json) and the store of all of them.
import { mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurable } from "../base/durable-file.ts";
import { errorText } from "../base/errors.ts";
import type { Host } from "../base/host.ts";

type Common = {
  /** 64 hex digits. */
  readonly id: string;
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
};

export type BridgeNetworkRecord = Common & {
  readonly driver: "bridge";
  /** The interface that is the network's switch. */
  readonly bridge: string;
  /** `172.18.0.0/16` */
  readonly subnet: string;
  /** The bridge's own address in it, without a prefix. */
  readonly gateway: string;
  readonly mtu: number;
};

/** The two networks that are none: the host's own namespace, and a namespace with loopback only. */
export type PlainNetworkRecord = Common & { readonly driver: "host" | "null" };

export type NetworkRecord = BridgeNetworkRecord | PlainNetworkRecord;

export class NetworkStore {
  readonly #host: Host;
  readonly #folder: string;
  readonly #records = new Map<string, NetworkRecord>();

  /** Reads `<root>/networks`. A record that cannot be read is put aside with a warning and stops nothing. */
  constructor(host: Host, root: string) {
    this.#host = host;
    this.#folder = join(root, "networks");
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    for (const file of readdirSync(this.#folder))
      if (file.endsWith(".json")) this.#load(join(this.#folder, file));
  }

  get(name: string): NetworkRecord | undefined {
    return this.#records.get(name);
  }

  all(): NetworkRecord[] {
    return [...this.#records.values()];
  }

  /** The predefined network `host` or `none`, made when it is not there: like a user's, it has an id for good. */
  plain(name: "host" | "none"): PlainNetworkRecord {
    const known = this.get(name);
    if (known !== undefined && known.driver !== "bridge") return known;
    const record: PlainNetworkRecord = { ...this.identity(name), driver: name === "none" ? "null" : "host" };
    this.put(record);
    return record;
  }

  /** What a new network starts from. */
  identity(name: string): Common {
    return { id: this.#host.random.hex(32), name, createdAt: this.#host.clock.now().toISOString() };
  }

  put(record: NetworkRecord): void {
    writeFileDurable(join(this.#folder, `${record.id}.json`), JSON.stringify(record));
    this.#records.set(record.name, record);
  }

  #load(path: string): void {
    try {
      const record = JSON.parse(readFileSync(path, "utf8")) as NetworkRecord;
      if (typeof record.id !== "string" || typeof record.name !== "string")
        throw new Error("no id or no name in it");
      this.#records.set(record.name, record);
    } catch (err) {
      this.#host.log.warn("network record put aside", { path, error: errorText(err) });
      renameSync(path, `${path}.broken`);
    }
  }
}
