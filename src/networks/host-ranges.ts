// What the host has already: ranges that it knows a way to, and how big its packets may be.
import { readFileSync } from "node:fs";
import { listAddresses, listLinks, listRoutes, type Rtnetlink } from "../netlink/rtnetlink.ts";
import { addressBits, isAddress, parseAddress, subnetAround, type Subnet } from "./subnet.ts";

/** A container cannot send more than this, whatever the host could. */
export const mtuMax = 1500;

/** All ranges that the host has a way to: routes of every table, addresses, and its name servers. */
export function rangesInUse(host: Rtnetlink): Subnet[] {
  const routes = listRoutes(host).map(({ destination, prefixLength }) =>
    subnetAround(parseAddress(destination), prefixLength),
  );
  const addresses = listAddresses(host).map(({ address, prefixLength }) =>
    subnetAround(parseAddress(address), prefixLength),
  );
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
  return [...text.matchAll(/^\s*nameserver\s+(\S+)\s*$/gm)]
    .map(([, address = ""]) => address)
    .filter((address) => isAddress(address))
    .map((address) => parseAddress(address))
    .map((address) => subnetAround(address, addressBits(address.family)));
}

/** What gets out of the host by its default route gets there in one piece (a VPN or a cloud may carry less than 1500). */
export function usualMtu(host: Rtnetlink): number {
  const way = listRoutes(host).find(
    ({ family, prefixLength, linkIndex }) => family === 4 && prefixLength === 0 && linkIndex !== undefined,
  );
  const link = listLinks(host).find(({ index }) => index === way?.linkIndex);
  return Math.min(link?.mtu ?? mtuMax, mtuMax);
}
