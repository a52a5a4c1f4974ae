// The network that containers are on unless they say otherwise: one bridge, one address range, one way out by NAT.
// A thing with a life: it holds the addresses in use and one conversation with the kernel.
import { mkdirSync } from "node:fs";
import { errorText } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { Instance } from "../base/instance.ts";
import { listLinks, openRtnetlink, type Rtnetlink } from "../netlink/rtnetlink.ts";
import { AddressPool } from "./address-pool.ts";
import { enableForwarding, ensureBridge, removeBridge, type Bridge } from "./bridge.ts";
import { aliasOf, planEndpoint, type EndpointPlan } from "./endpoint-plan.ts";
import { connectEndpoint, disconnectEndpoint } from "./endpoint.ts";
import { bridgeRules, chainsOf } from "./firewall.ts";
import { applyRules, removeRules } from "./iptables.ts";
import type { BridgeNetworkRecord, NetworkStore } from "./network-record.ts";
import { createSandbox, netnsFolder, netnsPathOf, removeSandbox } from "./sandbox.ts";
import { formatAddress, formatSubnet, parseAddress, parseSubnet } from "./subnet.ts";
import { sweepOrphans } from "./sweep.ts";

export type BridgeNetworkOptions = {
  readonly instance: Instance;
  readonly execRoot: string;
  /** An existing bridge to use (`-b`); undefined: our own is made. */
  readonly bridge: string | undefined;
  /** Address and prefix of our own bridge (`--bip`); undefined: a range is chosen that overlaps no route. */
  readonly bridgeAddress: string | undefined;
  readonly mtu?: number;
};

export type EndpointOptions = {
  /** A fixed IPv4 address; ConflictError when somebody has it. */
  readonly address?: string | undefined;
  readonly mac?: string | undefined;
};

const networkName = "bridge";

/** Makes bridge, forwarding and firewall rules be there. No call to iptables is needed after this to start a container. */
export async function openBridgeNetwork(
  host: Host,
  store: NetworkStore,
  options: BridgeNetworkOptions,
): Promise<BridgeNetwork> {
  mkdirSync(netnsFolder(options.execRoot), { recursive: true, mode: 0o711 });
  const rtnetlink = openRtnetlink();
  try {
    const record = ensureRecord(host, store, rtnetlink, options);
    await openWayOut(host, options.instance, record);
    return new BridgeNetwork(host, rtnetlink, record, options);
  } catch (err) {
    rtnetlink.close();
    throw err;
  }
}

function ensureRecord(
  host: Host,
  store: NetworkStore,
  rtnetlink: Rtnetlink,
  { instance, bridge: existing, bridgeAddress, mtu }: BridgeNetworkOptions,
): BridgeNetworkRecord {
  const known = store.get(networkName);
  const before = known?.driver === "bridge" ? known : undefined;
  const name = existing ?? instance.bridge;
  const previous =
    before?.bridge === name ? `${before.gateway}/${parseSubnet(before.subnet).prefixLength}` : undefined;
  const wish = { name, existing: existing !== undefined, address: bridgeAddress, previous, mtu };
  const bridge = ensureBridge(host.log, rtnetlink, wish);
  const record: BridgeNetworkRecord = {
    ...(before ?? store.identity(networkName)),
    driver: "bridge",
    ...describe(bridge),
  };
  if (JSON.stringify(record) !== JSON.stringify(before)) store.put(record);
  return record;
}

function describe({ name, subnet, address, mtu }: Bridge) {
  return { bridge: name, subnet: formatSubnet(subnet), gateway: formatAddress(address), mtu };
}

/** A host without iptables, or where it cannot be used, still runs containers: they have each other and the host. */
async function openWayOut(host: Host, instance: Instance, record: BridgeNetworkRecord): Promise<void> {
  try {
    enableForwarding();
    await applyRules(host.log, bridgeRules(instance, record));
  } catch (err) {
    host.log.warn("containers on the bridge cannot reach other networks", { error: errorText(err) });
  }
}

export class BridgeNetwork {
  readonly record: BridgeNetworkRecord;
  readonly #host: Host;
  readonly #rtnetlink: Rtnetlink;
  readonly #options: BridgeNetworkOptions;
  readonly #addresses: AddressPool;
  /** By container id: what is connected now. */
  readonly #leases = new Map<
    string,
    { readonly address: number; readonly hostInterface: string | undefined }
  >();

  constructor(host: Host, rtnetlink: Rtnetlink, record: BridgeNetworkRecord, options: BridgeNetworkOptions) {
    this.record = record;
    this.#host = host;
    this.#rtnetlink = rtnetlink;
    this.#options = options;
    this.#addresses = new AddressPool(parseSubnet(record.subnet), [parseAddress(record.gateway)]);
  }

  /** The file that holds a container's namespace: what the runtime is told, and what `container:` mode shares. */
  netnsPath(containerId: string): string {
    return netnsPathOf(this.#options.execRoot, containerId);
  }

  /** Mode none: a namespace with loopback only. */
  isolate(containerId: string): void {
    createSandbox(this.netnsPath(containerId));
  }

  /** Mode bridge: a namespace with an address on the bridge and a way out. Synchronous, about 2 ms. */
  connect(containerId: string, wanted: EndpointOptions = {}): EndpointPlan {
    // What an earlier start that was cut short still holds.
    this.disconnect(containerId);
    const address = this.#addresses.allocate(
      wanted.address === undefined ? undefined : parseAddress(wanted.address),
    );
    const mark = this.#host.random.hex(5);
    const netnsPath = this.netnsPath(containerId);
    try {
      const plan = planEndpoint(this.record, this.#options.instance, {
        containerId,
        address,
        mark,
        netnsPath,
        mac: wanted.mac,
      });
      createSandbox(netnsPath);
      connectEndpoint(this.#rtnetlink, plan);
      this.#leases.set(containerId, { address, hostInterface: plan.hostInterface });
      return plan;
    } catch (err) {
      this.#addresses.release(address);
      removeSandbox(netnsPath);
      throw err;
    }
  }

  /** After a restart of the daemon: this container runs and has this address. */
  adopt(containerId: string, address: string): void {
    const number = parseAddress(address);
    this.#addresses.adopt(number);
    this.#leases.set(containerId, { address: number, hostInterface: undefined });
  }

  /** Takes away what `connect` or `isolate` made; fine when there is nothing. */
  disconnect(containerId: string): void {
    const lease = this.#leases.get(containerId);
    if (lease !== undefined) {
      const hostInterface = lease.hostInterface ?? this.#findInterface(containerId);
      if (hostInterface !== undefined) disconnectEndpoint(this.#rtnetlink, hostInterface);
      this.#addresses.release(lease.address);
      this.#leases.delete(containerId);
    }
    removeSandbox(this.netnsPath(containerId));
  }

  /** Removes what containers that do not run have left behind. Returns what it was, for the log. */
  sweep(live: ReadonlySet<string>): string[] {
    const { instance, execRoot } = this.#options;
    return sweepOrphans(this.#rtnetlink, instance, execRoot, live);
  }

  /** For the engine's removal from a host: rules and, if it is our own, the bridge. Needs that no container runs. */
  async remove(): Promise<void> {
    const { instance, bridge } = this.#options;
    await removeRules(this.#host.log, chainsOf(instance));
    if (bridge === undefined) removeBridge(this.#rtnetlink, instance.bridge);
  }

  /** Ends the conversation with the kernel; containers keep their network. */
  close(): void {
    this.#rtnetlink.close();
  }

  #findInterface(containerId: string): string | undefined {
    const alias = aliasOf(this.#options.instance, containerId);
    return listLinks(this.#rtnetlink).find((link) => link.alias === alias)?.name;
  }
}
