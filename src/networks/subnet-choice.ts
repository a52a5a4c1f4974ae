// Which address range a new bridge gets: the first of the pools that overlaps nothing the host knows a way to.
import { createHash } from "node:crypto";
import { SystemError } from "../base/errors.ts";
import { overlap, parseSubnet, sizeOf, type Family, type Subnet } from "./subnet.ts";

/** A range that is cut into subnets of one size, tried in order. */
export type Pool = { readonly range: Subnet; readonly prefixLength: number };

/** Docker's own defaults, in its order: users' firewalls and VPNs are set up with these in mind. */
export const defaultPools: readonly Pool[] = [
  ...Array.from({ length: 15 }, (_, i) => ({ range: parseSubnet(`172.${17 + i}.0.0/16`), prefixLength: 16 })),
  { range: parseSubnet("192.168.0.0/16"), prefixLength: 20 },
];

/**
 * A route for a range as big as this says no more than a default route: a VPN sends "everything" its way as
 * 0.0.0.0/1 and 128.0.0.0/1, and would leave no subnet to choose.
 */
const shortestPrefixThatCounts: Readonly<Record<Family, number>> = { 4: 8, 6: 16 };

/** After so many subnets of one pool that are in use, the pool counts as full. */
const triesPerPool = 65_536;

/** @param inUse what the host has routes to and addresses in; default routes among them do not count. */
export function chooseSubnet(inUse: readonly Subnet[], pools: readonly Pool[] = defaultPools): Subnet {
  const obstacles = inUse.filter(counts);
  for (const pool of pools)
    for (const candidate of subnetsOf(pool)) if (isFree(candidate, obstacles)) return candidate;
  throw new SystemError("all predefined address pools have been fully subnetted");
}

/** Whether a subnet overlaps nothing in use, by the same rule. */
export function isFree(subnet: Subnet, inUse: readonly Subnet[]): boolean {
  return !inUse.some((used) => counts(used) && overlap(subnet, used));
}

function counts({ family, prefixLength }: Subnet): boolean {
  return prefixLength >= shortestPrefixThatCounts[family];
}

/**
 * The unique local range of this machine (RFC 4193: fd00::/8 and 40 bits that are random, here the hash of `seed`), cut into
 * /64 networks: what Docker gives IPv6 networks for which nobody chose.
 */
export function uniqueLocalPool(seed: string): Pool {
  const globalId = createHash("sha256").update(seed).digest("hex").slice(0, 10);
  const groups = `fd${globalId}`.match(/.{4}/g) ?? [];
  return { range: parseSubnet(`${groups.join(":")}::/48`), prefixLength: 64 };
}

function* subnetsOf({ range, prefixLength }: Pool): Generator<Subnet> {
  const subnet = { family: range.family, base: range.base, prefixLength };
  const count = sizeOf(range) / sizeOf(subnet);
  for (let i = 0n; i < count && i < triesPerPool; i++)
    yield { ...subnet, base: range.base + i * sizeOf(subnet) };
}
