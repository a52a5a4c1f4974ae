// Everything about one container's place on one bridge, as data: made by a pure function, carried out by endpoint.ts.
import type { Instance } from "../base/instance.ts";
import type { BridgeNetworkRecord } from "./network-record.ts";
import { formatAddress, parseSubnet } from "./subnet.ts";

export type EndpointPlan = {
  /** The host's end of the pair; at most 15 bytes (IFNAMSIZ). */
  readonly hostInterface: string;
  readonly containerInterface: string;
  readonly mac: string;
  /** `172.18.0.2` */
  readonly address: string;
  readonly prefixLength: number;
  readonly gateway: string;
  readonly bridge: string;
  readonly mtu: number;
  /** Says on the host's end whose it is: `sampan:<container id>`. */
  readonly alias: string;
  readonly netnsPath: string;
};

export type EndpointWish = {
  readonly containerId: string;
  readonly address: number;
  /**
   * Ten hex digits, new for every start: the kernel takes an interface away some time after its namespace has ended,
   * and a quick restart must not meet the name of the one before.
   */
  readonly mark: string;
  readonly netnsPath: string;
  /** `02:42:…` made from the address when not given. */
  readonly mac?: string | undefined;
};

export function planEndpoint(
  network: BridgeNetworkRecord,
  instance: Instance,
  { containerId, address, mark, netnsPath, mac }: EndpointWish,
): EndpointPlan {
  return {
    hostInterface: `${instance.interfacePrefix}${mark}`,
    containerInterface: "eth0",
    mac: mac ?? macOf(address),
    address: formatAddress(address),
    prefixLength: parseSubnet(network.subnet).prefixLength,
    gateway: network.gateway,
    bridge: network.bridge,
    mtu: network.mtu,
    alias: aliasOf(instance, containerId),
    netnsPath,
  };
}

/** What marks an interface as belonging to a container of this engine. */
export function aliasOf({ tag }: Instance, containerId: string): string {
  return `${tag}:${containerId}`;
}

/** The container that an interface belongs to; `undefined` for one that is not of this engine. */
export function ownerOf({ tag }: Instance, alias: string | undefined): string | undefined {
  return alias?.startsWith(`${tag}:`) === true ? alias.slice(tag.length + 1) : undefined;
}

/**
 * A locally administered address with the IP address in it, as Docker made them: unique wherever the IP address is, and
 * known before there is an interface.
 */
export function macOf(address: number): string {
  const bytes = [0x02, 0x42, ...[24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff)];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}
