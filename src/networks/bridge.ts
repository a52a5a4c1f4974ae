// The bridge that containers are plugged into: our own, made when it is not there, or an existing one of the user's.
import { readFileSync, writeFileSync } from "node:fs";
import { InvalidParameterError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { addAddress, removeAddress, type InterfaceAddress } from "../netlink/address.ts";
import { changeLink, createBridge, deleteLink, type Link } from "../netlink/link.ts";
import { findLink, listAddresses, listLinks, listRoutes, type Rtnetlink } from "../netlink/rtnetlink.ts";
import { macOf } from "./endpoint-plan.ts";
import { chooseSubnet, isFree } from "./subnet-choice.ts";
import {
  formatAddress,
  parseAddress,
  parseAddressInSubnet,
  subnetAround,
  type AddressInSubnet,
  type Subnet,
} from "./subnet.ts";

export type BridgeWish = {
  readonly name: string;
  /** `true`: the user's bridge, which must exist and is left as it is. */
  readonly existing: boolean;
  /** Address and prefix to give to our own bridge (`--bip`). */
  readonly address?: string | undefined;
  /** Where our own bridge was before a reboot: taken again when it is still free. */
  readonly previous?: string | undefined;
  readonly mtu?: number | undefined;
};

export type Bridge = AddressInSubnet & { readonly name: string; readonly mtu: number };

/** A container cannot send more than this, whatever the host could. */
const mtuMax = 1500;
/** The longest prefix that leaves room for network, gateway, broadcast and one container. */
const prefixLengthMax = 30;

/** Makes the bridge be there, up and with its address. */
export function ensureBridge(log: Log, host: Rtnetlink, wish: BridgeWish): Bridge {
  const link = findLink(host, wish.name);
  if (wish.existing) return useExisting(host, wish.name, link);
  if (link !== undefined) checkIsBridge(link);
  const addresses = link === undefined ? [] : addressesOf(host, link.index);
  const place = wantedPlace(host, wish, addresses[0]);
  if (link === undefined) {
    const mtu = wish.mtu ?? usualMtu(host);
    // Without an address of its own a bridge takes the lowest of its ports', a new one at every start of a container.
    host.perform(createBridge(wish.name, { mtu, mac: macOf(place.address) }));
    log.info("bridge created", { bridge: wish.name, address: formatAddress(place.address) });
  }
  refuseRouterAdvertisements(wish.name);
  const index = link?.index ?? findLink(host, wish.name)?.index ?? 0;
  const own = {
    linkIndex: index,
    address: formatAddress(place.address),
    prefixLength: place.subnet.prefixLength,
  };
  const others = addresses.filter((known) => !isSame(known, own));
  host.perform(
    ...others.map((address) => removeAddress(address)),
    ...(others.length < addresses.length ? [] : [addAddress(own)]),
    changeLink(index, { ipv6LinkLocal: false, up: true }),
  );
  return { ...place, name: wish.name, mtu: wish.mtu ?? findLink(host, wish.name)?.mtu ?? mtuMax };
}

/** Takes our own bridge away; fine when it is gone. */
export function removeBridge(host: Rtnetlink, name: string): void {
  if (findLink(host, name) !== undefined) host.perform(deleteLink(name));
}

/** The kernel passes packets on between the bridge and the world only with this. */
export function enableForwarding(): void {
  const path = "/proc/sys/net/ipv4/ip_forward";
  if (readFileSync(path, "latin1").trim() !== "1") writeFileSync(path, "1");
}

function useExisting(host: Rtnetlink, name: string, link: Link | undefined): Bridge {
  if (link === undefined) throw new InvalidParameterError(`bridge ${name} does not exist`);
  checkIsBridge(link);
  const [address] = addressesOf(host, link.index);
  if (address === undefined) throw new InvalidParameterError(`bridge ${name} has no IPv4 address`);
  if (!link.up) host.perform(changeLink(link.index, { up: true }));
  return { ...placeOf(address), name, mtu: Math.min(link.mtu, mtuMax) };
}

function checkIsBridge({ name, kind }: Link): void {
  if (kind !== "bridge") throw new InvalidParameterError(`${name} is not a bridge`);
}

/** What the user says; else what the bridge has; else what it had; else what is free. */
function wantedPlace(
  host: Rtnetlink,
  wish: BridgeWish,
  present: InterfaceAddress | undefined,
): AddressInSubnet {
  if (wish.address !== undefined) return checkedPlace(wish.address);
  if (present !== undefined) return placeOf(present);
  const inUse = rangesInUse(host);
  const previous = wish.previous === undefined ? undefined : parseAddressInSubnet(wish.previous);
  if (previous !== undefined && isFree(previous.subnet, inUse)) return previous;
  const subnet = chooseSubnet(inUse);
  return { address: subnet.base + 1, subnet };
}

function checkedPlace(text: string): AddressInSubnet {
  const place = parseAddressInSubnet(text);
  if (place.subnet.prefixLength > prefixLengthMax || place.address === place.subnet.base)
    throw new InvalidParameterError(
      `invalid bridge address ${text}: give a host's address and a prefix up to /${prefixLengthMax}`,
    );
  return place;
}

function placeOf({ address, prefixLength }: InterfaceAddress): AddressInSubnet {
  const number = parseAddress(address);
  return { address: number, subnet: subnetAround(number, prefixLength) };
}

function addressesOf(host: Rtnetlink, linkIndex: number): InterfaceAddress[] {
  return listAddresses(host).filter((known) => known.linkIndex === linkIndex && isIpv4(known));
}

/** All ranges that the host has a way to: routes of every table, addresses, and its name servers. */
function rangesInUse(host: Rtnetlink): Subnet[] {
  const routes = listRoutes(host)
    .filter(({ family }) => family === 4)
    .map(({ destination, prefixLength }) => subnetAround(parseAddress(destination), prefixLength));
  const addresses = listAddresses(host)
    .filter(isIpv4)
    .map((known) => placeOf(known).subnet);
  return [...routes, ...addresses, ...nameServers()];
}

/** A name server is often reached by the default route only: a bridge on top of it would take names from host and containers. */
function nameServers(): Subnet[] {
  let text: string;
  try {
    text = readFileSync("/etc/resolv.conf", "utf8");
  } catch {
    // No such file, no name servers to mind.
    return [];
  }
  return [...text.matchAll(/^\s*nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm)].map(([, address = ""]) =>
    subnetAround(parseAddress(address), 32),
  );
}

/** What gets out of the host by its default route gets there in one piece (a VPN or a cloud may carry less than 1500). */
function usualMtu(host: Rtnetlink): number {
  const way = listRoutes(host).find(
    ({ family, prefixLength, linkIndex }) => family === 4 && prefixLength === 0 && linkIndex !== undefined,
  );
  const link = listLinks(host).find(({ index }) => index === way?.linkIndex);
  return Math.min(link?.mtu ?? mtuMax, mtuMax);
}

/** A container must not be able to tell the host that it is an IPv6 router (CVE-2020-13401). */
function refuseRouterAdvertisements(name: string): void {
  try {
    writeFileSync(`/proc/sys/net/ipv6/conf/${name}/accept_ra`, "0");
  } catch (err) {
    // A kernel without IPv6 has nothing to refuse.
    if ((err as NodeJS.ErrnoException).code !== "ENOENT") throw err;
  }
}

function isSame(one: InterfaceAddress, other: InterfaceAddress): boolean {
  return one.address === other.address && one.prefixLength === other.prefixLength;
}

function isIpv4({ address }: InterfaceAddress): boolean {
  return address.includes(".");
}
