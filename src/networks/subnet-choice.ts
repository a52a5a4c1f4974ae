// Which address range a new bridge gets: the first of the pools that overlaps nothing the host knows a way to.
import { SystemError } from "../base/errors.ts";
import { overlap, parseSubnet, type Subnet } from "./subnet.ts";

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
const shortestPrefixThatCounts = 8;

/** @param inUse what the host has routes to and addresses in; default routes among them do not count. */
export function chooseSubnet(inUse: readonly Subnet[], pools: readonly Pool[] = defaultPools): Subnet {
  const obstacles = inUse.filter(({ prefixLength }) => prefixLength >= shortestPrefixThatCounts);
  for (const pool of pools)
    for (const candidate of subnetsOf(pool)) if (isFree(candidate, obstacles)) return candidate;
  throw new SystemError(
    "all predefined address pools overlap with routes of this host: choose a range with --bip",
  );
}

/** Whether a subnet overlaps nothing in use, by the same rule. */
export function isFree(subnet: Subnet, inUse: readonly Subnet[]): boolean {
  return !inUse.some((used) => used.prefixLength >= shortestPrefixThatCounts && overlap(subnet, used));
}

function* subnetsOf({ range, prefixLength }: Pool): Generator<Subnet> {
  const size = 2 ** (32 - prefixLength);
  const count = 2 ** (prefixLength - range.prefixLength);
  for (let i = 0; i < count; i++) yield { base: range.base + i * size, prefixLength };
}
