// The record of a network (networks/<id>.json) and the store of all of them.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { syncFolder, writeFileDurable } from "../base/durable-file.ts";
import { errorText } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { parseSubnet, type Family } from "./subnet.ts";

type Identity = {
  /** 64 hex digits. */
  readonly id: string;
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
};

/** One range of addresses that a network gives to its containers. */
export type IpamPool = {
  /** `172.18.0.0/16` */
  readonly subnet: string;
  /** Where the way out is; for a bridge of our own its own address. Without a prefix. */
  readonly gateway: string;
  /** The part of the subnet that addresses nobody chose come from; undefined: all of it. */
  readonly range?: string;
  /** Addresses that are somebody else's, by what the user calls them. */
  readonly auxiliary?: Readonly<Record<string, string>>;
};

type Common = Identity & {
  /** As the user gave them; undefined for the networks that are there of themselves. */
  readonly options?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly attachable?: boolean;
};

export type BridgeNetworkRecord = Common & {
  readonly driver: "bridge";
  /** The interface that is the network's switch. */
  readonly bridge: string;
  /** `false`: the bridge was there before the network, and stays. */
  readonly ownBridge: boolean;
  /** At most one of each family. */
  readonly pools: readonly IpamPool[];
  readonly mtu: number;
  /** No way out and none in. */
  readonly internal: boolean;
  /** `false`: its containers cannot talk to each other. */
  readonly icc: boolean;
  /** `false`: what leaves keeps its address, for networks that the world has a route to. */
  readonly masquerade: boolean;
  /** The host's address that ports are published on when none is given; "": all. */
  readonly hostBinding: string;
};

/** Containers on a physical network of the host's, each with an address of its own there. */
export type MacvlanNetworkRecord = Common & {
  readonly driver: "macvlan" | "ipvlan";
  /** The host's interface below. */
  readonly parent: string;
  /** `true`: a VLAN or dummy interface that came with the network and goes with it. */
  readonly ownParent: boolean;
  /** `bridge`, `private`, `vepa`, `passthru`; `l2`, `l3`, `l3s` for ipvlan. */
  readonly mode: string;
  readonly pools: readonly IpamPool[];
  readonly mtu: number;
  readonly internal: boolean;
};

/** The two networks that are none: the host's own namespace, and a namespace with loopback only. */
export type PlainNetworkRecord = Common & { readonly driver: "host" | "null" };

/** A network with addresses of its own. */
export type AddressedNetworkRecord = BridgeNetworkRecord | MacvlanNetworkRecord;

export type NetworkRecord = AddressedNetworkRecord | PlainNetworkRecord;

export const predefinedNames: ReadonlySet<string> = new Set(["bridge", "host", "none", "default"]);

export function isAddressed(record: NetworkRecord): record is AddressedNetworkRecord {
  return record.driver !== "host" && record.driver !== "null";
}

/** The network's ranges of one family. */
export function poolsOf({ pools }: AddressedNetworkRecord, family: Family): readonly IpamPool[] {
  return pools.filter(({ subnet }) => parseSubnet(subnet).family === family);
}

/** Where the network's ways out are; of a bridge, the host's own addresses on it. */
export function gatewaysOf({ pools }: AddressedNetworkRecord): string[] {
  return pools.map(({ gateway }) => gateway).filter((gateway) => gateway !== "");
}

/** The addresses of ours that containers on the network can ask. On a macvlan or ipvlan the host has none that they reach. */
export function resolverAddressesOf(network: AddressedNetworkRecord): string[] {
  return network.driver === "bridge" ? gatewaysOf(network) : [];
}

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

  get(id: string): NetworkRecord | undefined {
    return this.#records.get(id);
  }

  byName(name: string): NetworkRecord | undefined {
    return this.all().find((record) => record.name === name);
  }

  all(): NetworkRecord[] {
    return [...this.#records.values()];
  }

  /** The predefined network `host` or `none`, made when it is not there: like a user's, it has an id for good. */
  plain(name: "host" | "none"): PlainNetworkRecord {
    const known = this.byName(name);
    if (known !== undefined && !isAddressed(known)) return known;
    const record: PlainNetworkRecord = { ...this.identity(name), driver: name === "none" ? "null" : "host" };
    this.put(record);
    return record;
  }

  /** What a new network starts from. */
  identity(name: string): Identity {
    return { id: this.#host.random.hex(32), name, createdAt: this.#host.clock.now().toISOString() };
  }

  put(record: NetworkRecord): void {
    writeFileDurable(this.#path(record.id), JSON.stringify(record));
    this.#records.set(record.id, record);
  }

  /** Fine when it is gone. */
  remove(id: string): void {
    this.#records.delete(id);
    rmSync(this.#path(id), { force: true });
    syncFolder(this.#folder);
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`);
  }

  #load(path: string): void {
    try {
      const record = JSON.parse(readFileSync(path, "utf8")) as NetworkRecord;
      if (typeof record.id !== "string" || typeof record.name !== "string")
        throw new Error("no id or no name in it");
      if (isAddressed(record) && !Array.isArray(record.pools)) throw new Error("no address ranges in it");
      this.#records.set(record.id, record);
    } catch (err) {
      this.#host.log.warn("network record put aside", { path, error: errorText(err) });
      renameSync(path, `${path}.broken`);
    }
  }
}
