// Everything about one container's place on one network, as data: made by a pure function, carried out by endpoint.ts.
import type { Instance } from "../base/instance.ts";
import type { AddressedNetworkRecord } from "./network-record.ts";
import { formatAddress, parseSubnet, type Address } from "./subnet.ts";

/** How the container's interface is joined to what is outside. */
export type Joint =
  | {
      /** A pair of interfaces, one of them a port of a bridge. */
      readonly kind: "veth";
      readonly bridge: string;
      /** The host's end of the pair; at most 15 bytes (IFNAMSIZ). */
      readonly hostInterface: string;
      /** Says on the host's end whose it is: `sampan:<container id>`. */
      readonly alias: string;
      /** `true`: it reaches the bridge and no other port. */
      readonly isolated: boolean;
    }
  | {
      /** A second interface on one of the host's. */
      readonly kind: "macvlan" | "ipvlan";
      readonly parent: string;
      readonly mode: string;
    };

export type EndpointPlan = {
  readonly networkId: string;
  readonly joint: Joint;
  readonly containerInterface: string;
  readonly mac: string;
  /** At most one of each family. */
  readonly addresses: readonly { readonly address: string; readonly prefixLength: number }[];
  /** By family, as far as the network has a way out. */
  readonly gateways: readonly string[];
  readonly mtu: number;
  readonly netnsPath: string;
};

export type EndpointWish = {
  readonly containerId: string;
  /** What it got from the network's pools: the pool's subnet and gateway with each. */
  readonly leases: readonly Lease[];
  /**
   * Ten hex digits, new for every start: the kernel takes an interface away some time after its namespace has ended,
   * and a quick restart must not meet the name of the one before.
   */
  readonly mark: string;
  readonly netnsPath: string;
  readonly containerInterface: string;
  /** `02:42:…` made from the address when not given. */
  readonly mac?: string | undefined;
};

export type Lease = { readonly address: Address; readonly subnet: string; readonly gateway: string };

export function planEndpoint(
  network: AddressedNetworkRecord,
  instance: Instance,
  { containerId, leases, mark, netnsPath, containerInterface, mac }: EndpointWish,
): EndpointPlan {
  return {
    networkId: network.id,
    joint:
      network.driver === "bridge"
        ? {
            kind: "veth",
            bridge: network.bridge,
            hostInterface: `${instance.interfacePrefix}${mark}`,
            alias: aliasOf(instance, containerId),
            isolated: !network.icc,
          }
        : { kind: network.driver, parent: network.parent, mode: network.mode },
    containerInterface,
    mac: mac ?? macOfLeases(leases, mark),
    addresses: leases.map(({ address, subnet }) => ({
      address: formatAddress(address),
      prefixLength: parseSubnet(subnet).prefixLength,
    })),
    gateways: network.internal
      ? []
      : leases.map(({ gateway }) => gateway).filter((gateway) => gateway !== ""),
    mtu: network.mtu,
    netnsPath,
  };
}

/** What marks an interface as belonging to a container of this engine. */
export function aliasOf({ tag }: Instance, containerId: string): string {
  return `${tag}:${containerId}`;
}

/** The mark of an interface that a network itself has on the host: its bridge, or what its containers' interfaces stand on. */
export function networkAliasOf(instance: Instance, networkId: string): string {
  return aliasOf(instance, `${networkMark}${networkId}`);
}

/** The network that an owner found by `ownerOf` is; `undefined` for a container. */
export function networkOf(owner: string): string | undefined {
  return owner.startsWith(networkMark) ? owner.slice(networkMark.length) : undefined;
}

/** No container's id has a slash. */
const networkMark = "network/";

/** The container that an interface belongs to, or the network; `undefined` for one that is not of this engine. */
export function ownerOf({ tag }: Instance, alias: string | undefined): string | undefined {
  return alias?.startsWith(`${tag}:`) === true ? alias.slice(tag.length + 1) : undefined;
}

/** A container with no IPv4 address has the random mark in its place. */
function macOfLeases(leases: readonly Lease[], mark: string): string {
  const v4 = leases.find(({ address }) => address.family === 4);
  return macOf(v4?.address.value ?? BigInt(`0x${mark.slice(0, 8)}`));
}

/**
 * A locally administered address with the IPv4 address in it, as Docker made them: unique wherever the IP address is, and
 * known before there is an interface.
 */
export function macOf(address: bigint): string {
  const bytes = [0x02, 0x42, ...[24n, 16n, 8n, 0n].map((shift) => Number((address >> shift) & 0xffn))];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}
