// The names that containers have for each other, for the resolvers of user networks.
//
// A container is told the names of every network it is on: its resolver is that of one of them, but whoever has the
// address there may be on others too. Its own links come first, then its networks in their order.
import { formatAddress, parseAddress } from "./subnet.ts";

export type NamedEndpoint = {
  readonly containerId: string;
  readonly network: string;
  /** Container name first: it is the one that an address is given back as. Then host name, short id, aliases, service name. */
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  /** `--link web:w`: names that only this container has for others, and the container id that they stand for. */
  readonly links?: readonly { readonly alias: string; readonly containerId: string }[];
};

type Network = {
  readonly name: string;
  /** By container id. */
  readonly endpoints: Map<string, NamedEndpoint>;
  /** By name in lower case, in the order in which they came. */
  readonly byName: Map<string, NamedEndpoint[]>;
  readonly byAddress: Map<string, NamedEndpoint>;
};

export class NameTable {
  readonly #networks = new Map<string, Network>();
  /** The networks of a container, in the order in which it was connected. */
  readonly #ofContainer = new Map<string, Network[]>();

  constructor(endpoints: readonly NamedEndpoint[]) {
    for (const endpoint of endpoints) this.#add(endpoint);
  }

  /** The container that has this address on this network. */
  containerAt(network: string, address: string): string | undefined {
    return this.#networks.get(network)?.byAddress.get(canonicalAddress(address))?.containerId;
  }

  /** What `name` (lower case) means to this container: all addresses, or `undefined` when it is nobody's name. */
  addressesFor(containerId: string, name: string): readonly string[] | undefined {
    for (const network of this.#networksOf(containerId)) {
      const link = network.endpoints
        .get(containerId)
        ?.links?.find(({ alias }) => alias.toLowerCase() === name);
      const linked = link && network.endpoints.get(link.containerId);
      if (linked !== undefined) return linked.addresses;
    }
    for (const network of this.#networksOf(containerId)) {
      const found = network.byName.get(name) ?? network.byName.get(withoutNetwork(name, network.name));
      if (found !== undefined) return found.flatMap(({ addresses }) => addresses);
    }
    return undefined;
  }

  /** `web.backend` for the address of container web on network backend, as Docker writes it. */
  nameFor(containerId: string, address: string): string | undefined {
    for (const network of this.#networksOf(containerId)) {
      const name = network.byAddress.get(canonicalAddress(address))?.names[0];
      if (name !== undefined) return `${name}.${network.name}`;
    }
    return undefined;
  }

  #add(endpoint: NamedEndpoint): void {
    const { containerId } = endpoint;
    const network = this.#networks.get(endpoint.network) ?? newNetwork(endpoint.network);
    this.#networks.set(network.name, network);
    network.endpoints.set(containerId, endpoint);
    for (const name of namesOf(endpoint))
      network.byName.set(name, [...(network.byName.get(name) ?? []), endpoint]);
    for (const address of endpoint.addresses) network.byAddress.set(canonicalAddress(address), endpoint);
    this.#ofContainer.set(containerId, [...(this.#ofContainer.get(containerId) ?? []), network]);
  }

  #networksOf(containerId: string): readonly Network[] {
    return this.#ofContainer.get(containerId) ?? [];
  }
}

function newNetwork(name: string): Network {
  return { name, endpoints: new Map(), byName: new Map(), byAddress: new Map() };
}

function namesOf({ names }: NamedEndpoint): Set<string> {
  return new Set(names.filter((name) => name !== "").map((name) => name.toLowerCase()));
}

/** `web` for `web.backend` on network backend; "" (nobody's name) for a name of another form. */
function withoutNetwork(name: string, network: string): string {
  const suffix = `.${network.toLowerCase()}`;
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : "";
}

/** Addresses have several spellings (RFC 5952 names one of them). */
function canonicalAddress(address: string): string {
  return formatAddress(parseAddress(address));
}
