// Who asks a network's resolver, and what he is told: made from the containers' records, so that a new daemon knows as much
// as the one before, and no change of a container can be missed.
import { hasNdots, hostNames, wantedDns } from "../containers/network-files.ts";
import type { ContainerStore } from "../containers/container-store.ts";
import type { Attachment, ContainerRecord } from "../containers/record.ts";
import { isUp } from "../containers/state.ts";
import { NameTable, type NamedEndpoint } from "../networks/name-table.ts";
import { dnsNames, parseLink } from "../networks/network-names.ts";
import {
  isAddressed,
  resolverAddressesOf,
  type AddressedNetworkRecord,
  type BridgeNetworkRecord,
  type NetworkStore,
} from "../networks/network-record.ts";
import { netnsPathOf } from "../networks/sandbox.ts";
import type { Server } from "../resolver/exchange.ts";
import {
  hostResolvConf,
  hostServersReader,
  parseResolvConf,
  type ResolvConf,
} from "../resolver/resolv-conf.ts";
import type { Client } from "../resolver/responder.ts";
import type { EngineConfig } from "./engine.ts";
import { addressesOf } from "./sandbox.ts";

export class NameService {
  readonly #containers: ContainerStore;
  readonly #networks: NetworkStore;
  readonly #execRoot: string;
  readonly #dns: ResolvConf;
  readonly #hostServers = hostServersReader();
  /** By container id: what a container has that is being started. Its program may ask before its record says that it runs. */
  readonly #starting = new Map<string, readonly Attachment[]>();
  #table = new NameTable([]);
  /** What the table and the clients were made from. */
  #madeFrom = -1;
  readonly #clients = new Map<string, Client>();

  constructor(
    containers: ContainerStore,
    networks: NetworkStore,
    { execRoot, dns }: Pick<EngineConfig, "execRoot" | "dns">,
  ) {
    this.#dns = dns;
    this.#containers = containers;
    this.#networks = networks;
    this.#execRoot = execRoot;
  }

  /** From now on the container has these places; undone by `forget`. */
  announce(containerId: string, attachments: readonly Attachment[]): void {
    this.#starting.set(containerId, attachments);
    this.#madeFrom = -1;
  }

  forget(containerId: string): void {
    if (this.#starting.delete(containerId)) this.#madeFrom = -1;
  }

  /** Who has the address on the network. Called for every packet. */
  clientOf(network: BridgeNetworkRecord, address: string): Client | undefined {
    this.#refresh();
    const id = this.#table.containerAt(network.name, address);
    return id === undefined ? undefined : this.#client(id, network);
  }

  /** Who asks in the container's own namespace. Called for every packet. */
  clientIn(containerId: string): Client | undefined {
    this.#refresh();
    return this.#client(containerId, undefined);
  }

  #client(id: string, network: BridgeNetworkRecord | undefined): Client | undefined {
    const key = `${network?.id ?? ""} ${id}`;
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const record = this.#containers.get(id);
    if (record === undefined) return undefined;
    const client = this.#describe(network, record);
    this.#clients.set(key, client);
    return client;
  }

  #describe(network: BridgeNetworkRecord | undefined, { id, hostConfig }: ContainerRecord): Client {
    const asked = wantedDns(hostConfig, this.#dns);
    const options = asked.options.length > 0 ? asked.options : parseResolvConf(hostResolvConf()).options;
    const networks = this.#networksOf(id);
    // None by a macvlan: then the host has no address there, and nobody else is asked for one.
    const ofHost = (network === undefined ? networks : [network]).flatMap((one) => resolverAddressesOf(one));
    // As Docker has it: the container's own servers are asked from where the container is.
    const netnsPath = netnsPathOf(this.#execRoot, id);
    const own = asked.servers.map((address): Server => ({ address, netnsPath }));
    const isOpen = networks.some(({ internal }) => !internal);
    return {
      addressesOf: (name) =>
        this.#table.addressesFor(id, name) ?? (hostNames.includes(name) ? ofHost : undefined),
      nameOf: (address) => this.#table.nameFor(id, address),
      singleLabelsStay: hasNdots(options),
      servers: () => {
        if (own.length > 0) return own;
        // A network without a way out has none by names either (CVE-2024-29018).
        return isOpen ? this.#hostServers().map((address) => ({ address })) : [];
      },
    };
  }

  #refresh(): void {
    const { version } = this.#containers;
    if (this.#madeFrom === version) return;
    this.#madeFrom = version;
    this.#clients.clear();
    this.#table = new NameTable(this.#containers.all().flatMap((record) => this.#endpointsOf(record)));
  }

  #endpointsOf(record: ContainerRecord): NamedEndpoint[] {
    const { id, name, config } = record;
    return this.#attachmentsOf(record)
      .filter((attachment) => attachment.interface !== undefined)
      .map(({ network, endpoint }) => ({
        containerId: id,
        network,
        names: dnsNames({ id, name, hostname: config.Hostname, aliases: endpoint.Aliases ?? [] }),
        addresses: addressesOf(endpoint),
        links: (endpoint.Links ?? []).flatMap((link) => {
          const { target, alias } = parseLink(link);
          const other = this.#containers.lookUp(target);
          return other === undefined ? [] : [{ alias, containerId: other.id }];
        }),
      }));
  }

  #attachmentsOf(record: ContainerRecord): readonly Attachment[] {
    return isUp(record.state) ? record.attachments : (this.#starting.get(record.id) ?? []);
  }

  #networksOf(id: string): AddressedNetworkRecord[] {
    const record = this.#containers.get(id);
    const attachments = record === undefined ? [] : this.#attachmentsOf(record);
    return attachments
      .map(({ network }) => this.#networks.byName(network))
      .filter((network) => network !== undefined && isAddressed(network));
  }
}
