// All networks of this engine: their interfaces in the kernel, who has which address, the firewall and the published
// ports. A thing with a life: it holds one conversation with the kernel.
import { mkdirSync } from "node:fs";
import { crashPoint } from "../base/crash-point.ts";
import { errorText } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { Instance } from "../base/instance.ts";
import { openRtnetlink, type Rtnetlink } from "../netlink/rtnetlink.ts";
import { AddressLeases } from "./address-leases.ts";
import { enableForwarding, enableIpv6Forwarding, ensureBridge, filtersBridgedFrames } from "./bridge.ts";
import { defaultBridgeRecord } from "./default-bridge.ts";
import { planEndpoint, type EndpointPlan } from "./endpoint-plan.ts";
import { foreignLeases } from "./foreign-leases.ts";
import {
  connectEndpoint,
  disconnectEndpoint,
  removeInterface,
  removeSubLink,
  routeThrough,
} from "./endpoint.ts";
import { chooseBackend, type BackendName } from "./firewall-choice.ts";
import { FirewallQueue } from "./firewall-queue.ts";
import { FirewallWatch } from "./firewall-watch.ts";
import { leadLoopbackResolver, type LoopbackResolverWay } from "./loopback-resolver.ts";
import { NamespaceResolvers } from "./namespace-resolvers.ts";
import { checkKind, ensureInterface, removeInterfaceOf } from "./network-interface.ts";
import {
  isAddressed,
  poolsOf,
  resolverAddressesOf,
  type AddressedNetworkRecord,
  type BridgeNetworkRecord,
  type NetworkStore,
} from "./network-record.ts";
import { PortAllocator, type PortRange } from "./port-allocator.ts";
import { openResolver, resolverPorts, type Resolver, type ResolverOptions } from "../resolver/resolver.ts";
import type { ResolverPlace } from "./resolver-rules.ts";
import { createSandbox, netnsFolder, netnsPathOf, removeSandbox } from "./sandbox.ts";
import type { Pool } from "./subnet-choice.ts";
import { parseAddress } from "./subnet.ts";
import { sweepOrphans } from "./sweep.ts";

export type NetworksOptions = {
  readonly instance: Instance;
  readonly execRoot: string;
  /** An existing bridge for the default network (`-b`); undefined: our own is made. */
  readonly bridge: string | undefined;
  /** Address and prefix of our own bridge (`--bip`); undefined: a range is chosen that overlaps no route. */
  readonly bridgeAddress: string | undefined;
  /** The part of the default network that containers' addresses come from. */
  readonly fixedCidr: string | undefined;
  /** IPv6 on the default network. */
  readonly ipv6: boolean;
  readonly fixedCidrV6: string | undefined;
  readonly mtu: number | undefined;
  /** Whether containers on the default network can talk to each other. */
  readonly icc: boolean;
  readonly masquerade: boolean;
  /** The host's address to publish on when a container names none; "": all. */
  readonly hostBinding: string;
  /** Where networks get their ranges from when nobody chose one. */
  readonly addressPools: readonly Pool[];
  readonly portRange: PortRange;
  /** Undefined: what works here. */
  readonly firewallBackend: BackendName | undefined;
  /** Who asks the resolver of a network, by address; undefined for a stranger. Not there: networks have no resolvers. */
  readonly clientOf?: (
    network: BridgeNetworkRecord,
    address: string,
  ) => ReturnType<ResolverOptions["clientOf"]>;
  /** Who asks in a container's own namespace. Not there: nobody is answered. */
  readonly clientIn?: (containerId: string) => ReturnType<ResolverOptions["clientOf"]>;
};

export type EndpointOptions = {
  /** Fixed addresses; ConflictError when somebody has one. */
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
  readonly mac?: string | undefined;
  /** `eth0` */
  readonly containerInterface: string;
};

/** What one container has on one network, as its record tells it. */
export type HeldEndpoint = {
  readonly networkId: string;
  readonly addresses: readonly string[];
  readonly containerInterface: string;
  readonly hostInterface?: string | undefined;
};

/** `eth0` in the container, and on the host the other end of its pair, if it is one. */
type Interfaces = { readonly containerInterface: string; readonly hostInterface: string | undefined };

/** Makes the networks' interfaces be there; `openWayOut` is what is left to do. */
export function openNetworks(host: Host, store: NetworkStore, options: NetworksOptions): Networks {
  mkdirSync(netnsFolder(options.execRoot), { recursive: true, mode: 0o711 });
  for (const name of ["host", "none"] as const) store.plain(name);
  const rtnetlink = openRtnetlink();
  try {
    const record = defaultBridgeRecord(store, rtnetlink, options);
    ensureBridge(host.log, rtnetlink, options.instance, record);
    if (JSON.stringify(record) !== JSON.stringify(store.get(record.id))) store.put(record);
    const networks = new Networks(host, rtnetlink, store, record, options);
    networks.bringUpUserNetworks();
    return networks;
  } catch (err) {
    rtnetlink.close();
    throw err;
  }
}

export class Networks {
  readonly store: NetworkStore;
  readonly firewall: FirewallQueue;
  readonly ports: PortAllocator;
  readonly options: NetworksOptions;
  readonly rtnetlink: Rtnetlink;
  readonly #defaultId: string;
  readonly #host: Host;
  readonly #leases = new AddressLeases();
  readonly #watch: FirewallWatch;
  /** By network id. */
  readonly #resolvers = new Map<string, Resolver>();
  readonly #namespaceResolvers: NamespaceResolvers;
  /** By container id, then network id: what is connected now. */
  readonly #interfaces = new Map<string, Map<string, Interfaces>>();

  constructor(
    host: Host,
    rtnetlink: Rtnetlink,
    store: NetworkStore,
    defaultBridge: BridgeNetworkRecord,
    options: NetworksOptions,
  ) {
    this.#host = host;
    this.rtnetlink = rtnetlink;
    this.store = store;
    this.options = options;
    this.#defaultId = defaultBridge.id;
    this.#namespaceResolvers = new NamespaceResolvers(host, options.clientIn ?? (() => undefined));
    this.ports = new PortAllocator(options.portRange);
    this.#watch = new FirewallWatch(host, () => this.firewall.repair());
    const backend = chooseBackend(options.instance, options.firewallBackend, (pid) =>
      this.#watch.isOurs(pid),
    );
    this.firewall = new FirewallQueue(
      host,
      backend,
      () => this.#bridgeNetworks(),
      () => this.#resolverPlaces(),
    );
  }

  /** The network of containers that ask for none. */
  get defaultBridge(): BridgeNetworkRecord {
    const record = this.store.get(this.#defaultId);
    if (record?.driver !== "bridge") throw new Error("the default network's record is gone");
    return record;
  }

  /** A network whose interface cannot be had is left as it is, with a warning: its containers will not start. */
  bringUpUserNetworks(): void {
    for (const record of this.store.all()) {
      if (!isAddressed(record) || record.id === this.#defaultId) continue;
      try {
        ensureInterface(this.#host.log, this.rtnetlink, this.options.instance, record);
      } catch (err) {
        this.#host.log.warn("network cannot be used", { network: record.name, error: errorText(err) });
      }
    }
  }

  /**
   * Forwarding, and the firewall's rules: for the ports of all containers that have been adopted, too.
   * A host without a firewall program, or where it cannot be used, still runs containers: they have each other and the host.
   */
  async openWayOut(): Promise<void> {
    await this.#openResolvers(resolverPorts);
    try {
      enableForwarding();
      this.#forwardIpv6();
      await this.firewall.install();
      this.#watch.start();
    } catch (err) {
      this.#host.log.warn("containers cannot reach other networks, ports cannot be published", {
        error: errorText(err),
      });
      // No rule leads anywhere else then.
      await this.#openResolvers([53]);
    }
  }

  /** Makes a network of this record: its interface, its rules, and last the record that is the commit. */
  async create(record: AddressedNetworkRecord): Promise<void> {
    try {
      ensureInterface(this.#host.log, this.rtnetlink, this.options.instance, record);
      crashPoint("network interface made");
      checkKind(this.rtnetlink, record);
    } catch (err) {
      removeInterfaceOf(this.rtnetlink, record);
      throw err;
    }
    this.store.put(record);
    try {
      this.#forwardIpv6();
      if (record.driver === "bridge") {
        await this.#openResolver(record, resolverPorts);
        await this.firewall.install();
      }
    } catch (err) {
      await this.remove(record);
      throw err;
    }
  }

  /** Needs that nobody is on it. */
  async remove(record: AddressedNetworkRecord): Promise<void> {
    this.store.remove(record.id);
    crashPoint("network forgotten");
    this.#leases.forgetNetwork(record.id);
    this.#closeResolver(record.id);
    removeInterfaceOf(this.rtnetlink, record);
    if (record.driver === "bridge") await this.firewall.install();
  }

  /** The file that holds a container's namespace: what the runtime is told, and what `container:` mode shares. */
  netnsPath(containerId: string): string {
    return netnsPathOf(this.options.execRoot, containerId);
  }

  /** A fresh namespace for a container, with loopback only. What an earlier start that was cut short still holds goes. */
  enter(containerId: string): string {
    this.leave(containerId);
    const path = this.netnsPath(containerId);
    createSandbox(path);
    return path;
  }

  /** Puts a container that has its namespace on a network, without a way out yet. Synchronous, about 2 ms. */
  connect(containerId: string, network: AddressedNetworkRecord, wanted: EndpointOptions): EndpointPlan {
    const leases = this.#leases.take(containerId, network, wanted, this.#foreignOn(network));
    try {
      const plan = planEndpoint(network, this.options.instance, {
        containerId,
        leases,
        mark: this.#host.random.hex(5),
        netnsPath: this.netnsPath(containerId),
        containerInterface: wanted.containerInterface,
        mac: wanted.mac,
      });
      connectEndpoint(this.rtnetlink, plan, { bridgedFramesFiltered: filtersBridgedFrames() });
      this.#noteInterfaces(containerId, network.id, {
        containerInterface: plan.containerInterface,
        hostInterface: plan.joint.kind === "veth" ? plan.joint.hostInterface : undefined,
      });
      return plan;
    } catch (err) {
      this.#leases.release(containerId, network.id);
      throw err;
    }
  }

  /** On a bridge that others made, a DHCP server of theirs may have given out addresses. */
  #foreignOn(network: AddressedNetworkRecord): ReadonlySet<bigint> | undefined {
    if (network.driver !== "bridge" || network.ownBridge) return undefined;
    return foreignLeases(network.bridge, this.#host.clock.now().getTime());
  }

  /** The way out, at most one gateway of a family; instead of another. */
  route(containerId: string, gateways: readonly string[]): void {
    routeThrough(this.netnsPath(containerId), gateways);
  }

  /** Has 127.0.0.11 answer in the container's own namespace: none of its networks has an IPv4 address of ours. */
  lookUpInside(containerId: string): Promise<void> {
    return this.#namespaceResolvers.open(containerId, this.netnsPath(containerId));
  }

  /** Undoes `lookUpInside` for a container that runs on. Fine when there is nothing. */
  lookUpOutside(containerId: string): void {
    this.#namespaceResolvers.withdraw(containerId, this.netnsPath(containerId));
  }

  /** Where 127.0.0.11 leads in the container; instead of another. */
  lookUpThrough(containerId: string, way: LoopbackResolverWay): void {
    leadLoopbackResolver(this.netnsPath(containerId), way);
  }

  /** Takes a running container off a network; fine when it is not on it. */
  disconnect(containerId: string, networkId: string, containerInterface: string): void {
    removeInterface(this.netnsPath(containerId), containerInterface);
    this.#interfaces.get(containerId)?.delete(networkId);
    this.#leases.release(containerId, networkId);
  }

  /** After a restart of the daemon: this container runs and has this. */
  adopt(
    containerId: string,
    { networkId, addresses, containerInterface, hostInterface }: HeldEndpoint,
  ): void {
    const network = this.store.get(networkId);
    if (network === undefined || !isAddressed(network)) return;
    this.#leases.adopt(
      containerId,
      network,
      addresses.map((address) => parseAddress(address)),
    );
    this.#noteInterfaces(containerId, networkId, { containerInterface, hostInterface });
  }

  /** Takes away all that a container has of networks; fine when there is nothing. */
  leave(containerId: string): void {
    const netnsPath = this.netnsPath(containerId);
    this.#namespaceResolvers.close(containerId);
    for (const held of this.#interfaces.get(containerId)?.values() ?? [])
      if (held.hostInterface === undefined) removeSubLink(netnsPath, held.containerInterface);
      else disconnectEndpoint(this.rtnetlink, held.hostInterface);
    this.#interfaces.delete(containerId);
    this.#leases.releaseAll(containerId);
    removeSandbox(netnsPath);
  }

  /** The host's end of a container's endpoint on a bridge, for its record. */
  hostInterface(containerId: string, networkId: string): string | undefined {
    return this.#interfaces.get(containerId)?.get(networkId)?.hostInterface;
  }

  /** Removes what containers that do not run, and networks that are no more, have left behind. Returns what it was, for the log. */
  sweep(live: ReadonlySet<string>): string[] {
    const { instance, execRoot } = this.options;
    const networks = new Set(this.store.all().map(({ id }) => id));
    return sweepOrphans(this.rtnetlink, instance, execRoot, { containers: live, networks });
  }

  /** For the engine's removal from a host: rules and our own interfaces. Needs that no container runs. */
  async removeAll(): Promise<void> {
    this.#watch.stop();
    await this.firewall.remove();
    for (const record of this.store.all()) if (isAddressed(record)) removeInterfaceOf(this.rtnetlink, record);
  }

  /** Ends the conversation with the kernel; containers keep their networks. */
  close(): void {
    this.#watch.stop();
    for (const id of this.#resolvers.keys()) this.#closeResolver(id);
    this.#namespaceResolvers.closeAll();
    this.rtnetlink.close();
  }

  #bridgeNetworks(): BridgeNetworkRecord[] {
    return this.store
      .all()
      .filter((record) => record.driver === "bridge")
      .toSorted((a, b) => (a.bridge < b.bridge ? -1 : 1));
  }

  async #openResolvers(ports: readonly number[]): Promise<void> {
    for (const network of this.#bridgeNetworks()) await this.#openResolver(network, ports);
  }

  /** The default network has none, as with Docker. One that cannot be had is missed by names only. */
  async #openResolver(network: BridgeNetworkRecord, ports: readonly number[]): Promise<void> {
    this.#closeResolver(network.id);
    const addresses = resolverAddressesOf(network);
    const { clientOf } = this.options;
    if (network.id === this.#defaultId || addresses.length === 0 || clientOf === undefined) return;
    try {
      this.#resolvers.set(
        network.id,
        await openResolver(this.#host, {
          addresses,
          ports,
          clientOf: (address) => clientOf(network, address),
        }),
      );
    } catch (err) {
      this.#host.log.warn("containers on the network cannot look up names", {
        network: network.name,
        error: errorText(err),
      });
    }
  }

  #closeResolver(networkId: string): void {
    void this.#resolvers.get(networkId)?.[Symbol.asyncDispose]();
    this.#resolvers.delete(networkId);
  }

  #resolverPlaces(): ResolverPlace[] {
    return this.#bridgeNetworks().flatMap((network) => {
      const port = this.#resolvers.get(network.id)?.port;
      return port === undefined
        ? []
        : [{ bridge: network.bridge, addresses: resolverAddressesOf(network), port }];
    });
  }

  #forwardIpv6(): void {
    if (this.#bridgeNetworks().some((network) => poolsOf(network, 6).length > 0)) enableIpv6Forwarding();
  }

  #noteInterfaces(containerId: string, networkId: string, interfaces: Interfaces): void {
    const held = this.#interfaces.get(containerId) ?? new Map<string, Interfaces>();
    this.#interfaces.set(containerId, held.set(networkId, interfaces));
  }
}
