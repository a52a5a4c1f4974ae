// Addresses that another DHCP server gave out on a bridge which is not ours: those of dnsmasq beside lxcbr0, as lxc-net starts
// it. The other way round dnsmasq sees to it: before it offers an address it asks by ping whether somebody has it.
import { readFileSync } from "node:fs";
import { hasCode } from "../base/errors.ts";
import { parseAddress } from "./subnet.ts";

/** Where lxc-net lets dnsmasq keep its leases. */
function leaseFile(bridge: string): string {
  return `/var/lib/misc/dnsmasq.${bridge}.leases`;
}

/** Empty where there is no such server. */
export function foreignLeases(bridge: string, nowMs: number): ReadonlySet<bigint> {
  try {
    return leasedAddresses(readFileSync(leaseFile(bridge), "utf8"), nowMs);
  } catch (err) {
    if (hasCode(err, "ENOENT")) return new Set();
    throw err;
  }
}

/** Lines of dnsmasq(8): `expiry MAC address hostname client-id`, the expiry in seconds since 1970, 0 for ever. IPv4 only. */
export function leasedAddresses(text: string, nowMs: number): ReadonlySet<bigint> {
  const leased = new Set<bigint>();
  for (const line of text.split("\n")) {
    const [expiry = "", , address = ""] = line.split(" ");
    if (!/^\d+$/.test(expiry) || !/^\d+(\.\d+){3}$/.test(address)) continue;
    if (Number(expiry) === 0 || Number(expiry) * 1000 > nowMs) leased.add(parseAddress(address).value);
  }
  return leased;
}
