// The firewall rules of all bridge networks and published ports of one IP family, as data. They live in chains of our own,
// each jumped to once from a chain of the kernel's; nobody else's chain (DOCKER-USER) is touched.
//
//   mangle  INPUT       -> <prefix>-LOOPBACK      nobody on a bridge sends to the host's 127.0.0.0/8 (see route_localnet)
//   nat     PREROUTING  -> <prefix>-PREROUTING  ┐ what is for one of the host's own addresses
//   nat     OUTPUT      -> <prefix>-OUTPUT      ┴ -> <prefix>-PORTS    goes to the container whose port it is
//   nat     POSTROUTING -> <prefix>-POSTROUTING   what leaves a network's range by another way gets the host's address
//   filter  INPUT       -> <prefix>-INPUT         what is for a resolver
//   filter  FORWARD     -> <prefix>-FORWARD       -> <prefix>-USER     the user's own rules come first
//                                                 in: answers, and what PORTS sent; out: all; between networks: nothing
//
// Every packet pays for each hook that somebody is at: nobody is where he has no rules, and what can be asked of those packets
// alone that are for the host itself is not asked of all.
import type { Instance } from "../base/instance.ts";
import { poolsOf, type BridgeNetworkRecord } from "./network-record.ts";
import { isAnyAddress, isIpv6, needsRules, type PortMapping } from "./port-mapping.ts";
import { resolverRules, type ResolverPlace } from "./resolver-rules.ts";
import type { Family } from "./subnet.ts";

export type Table = "raw" | "mangle" | "nat" | "filter";

export type Chain = {
  readonly table: Table;
  readonly name: string;
  /** The kernel's chain that jumps here, if there are rules; undefined: only chains of ours do. */
  readonly from?: "PREROUTING" | "INPUT" | "OUTPUT" | "POSTROUTING" | "FORWARD";
  /** Its rules are the user's: it is made when it is missing, and never emptied. */
  readonly users?: boolean;
};

export type Rule = {
  readonly table: Table;
  readonly chain: string;
  /** What to match and what to do with it, in iptables' words. */
  readonly text: string;
};

export type Ruleset = { readonly chains: readonly Chain[]; readonly rules: readonly Rule[] };

/** Everything that the firewall is to let through. */
export type FirewallState = {
  readonly networks: readonly BridgeNetworkRecord[];
  readonly mappings: readonly PortMapping[];
  /** Undefined: no network has one. */
  readonly resolvers?: readonly ResolverPlace[];
};

/** Every chain that this engine ever makes, in both families. */
export function chainsOf({ chainPrefix }: Instance): readonly Chain[] {
  return [
    // Where the guard of the host's loopback was once: it has no rules, and goes where a build before this one left it.
    { table: "raw", name: `${chainPrefix}-LOOPBACK`, from: "PREROUTING" },
    { table: "mangle", name: `${chainPrefix}-LOOPBACK`, from: "INPUT" },
    { table: "nat", name: `${chainPrefix}-PORTS` },
    { table: "nat", name: `${chainPrefix}-PREROUTING`, from: "PREROUTING" },
    { table: "nat", name: `${chainPrefix}-OUTPUT`, from: "OUTPUT" },
    { table: "nat", name: `${chainPrefix}-POSTROUTING`, from: "POSTROUTING" },
    { table: "filter", name: `${chainPrefix}-INPUT`, from: "INPUT" },
    { table: "filter", name: `${chainPrefix}-USER`, users: true },
    { table: "filter", name: `${chainPrefix}-FORWARD`, from: "FORWARD" },
  ];
}

export function firewallRules(instance: Instance, family: Family, state: FirewallState): Ruleset {
  const networks = state.networks.filter((network) => poolsOf(network, family).length > 0);
  const { chainPrefix } = instance;
  const toPorts = `-m addrtype --dst-type LOCAL -j ${chainPrefix}-PORTS`;
  const nat = (chain: string, text: string): Rule => ({
    table: "nat",
    chain: `${chainPrefix}-${chain}`,
    text,
  });
  return {
    chains: chainsOf(instance),
    rules: [
      ...resolverRules(instance, family, state.resolvers ?? []),
      ...(family === 4 ? networks.map((network) => loopbackRule(instance, network)) : []),
      // Translated, it would be no stranger on the wire any more: a neighbour must not reach what is published on loopback.
      nat("PREROUTING", `-d ${loopback[family]} -j RETURN`),
      nat("PREROUTING", toPorts),
      // The kernel drops what comes back to ::1 by another interface: the relay listens there.
      ...(family === 6 ? [nat("OUTPUT", `-d ${loopback[family]} -j RETURN`)] : []),
      nat("OUTPUT", toPorts),
      ...portRules(instance, family, state.mappings),
      ...networks.flatMap((network) => sourceTexts(network, family).map((text) => nat("POSTROUTING", text))),
      ...forwardTexts(instance, networks).map((text): Rule => ({
        table: "filter",
        chain: `${chainPrefix}-FORWARD`,
        text,
      })),
    ],
  };
}

const loopback: Readonly<Record<Family, string>> = { 4: "127.0.0.0/8", 6: "::1/128" };

/** One rule for each run of ports. No packet matches two of them, so that their order means nothing. */
export function portRules(
  { chainPrefix }: Instance,
  family: Family,
  mappings: readonly PortMapping[],
): Rule[] {
  return mappings
    .filter((mapping) => needsRules(mapping) && isIpv6(mapping.hostIp) === (family === 6))
    .map((mapping) => ({ table: "nat", chain: `${chainPrefix}-PORTS`, text: portText(mapping) }));
}

function portText({ protocol, hostIp, hostPort, containerIp, containerPort, count }: PortMapping): string {
  const to = isAnyAddress(hostIp) ? "" : `-d ${hostIp}/${isIpv6(hostIp) ? 128 : 32} `;
  const ports = count === 1 ? String(hostPort) : `${hostPort}:${hostPort + count - 1}`;
  const place = destination(containerIp, hostPort, containerPort, count);
  return `${to}-p ${protocol} -m ${protocol} --dport ${ports} -j DNAT --to-destination ${place}`;
}

/** Ports that stay as they are need not be named; others are moved as a block (`first-last/base`, Linux 4.18). */
function destination(ip: string, hostPort: number, containerPort: number, count: number): string {
  if (hostPort === containerPort) return ip;
  const host = isIpv6(ip) ? `[${ip}]` : ip;
  return count === 1
    ? `${host}:${containerPort}`
    : `${host}:${containerPort}-${containerPort + count - 1}/${hostPort}`;
}

/**
 * A bridge has route_localnet on, or the host's own 127.0.0.1 could not be the source of anything that goes there. That
 * would let containers send to the host's loopback services. What they answer to the host is let in: by then it is for
 * 127.0.0.1 again. In a table of its own, so that what the host's own rules let in of a bridge does not count.
 */
function loopbackRule({ chainPrefix }: Instance, { bridge }: BridgeNetworkRecord): Rule {
  const strange = "-m conntrack ! --ctstate RELATED,ESTABLISHED";
  const text = `-d ${loopback[4]} -i ${bridge} ${strange} -j DROP`;
  return { table: "mangle", chain: `${chainPrefix}-LOOPBACK`, text };
}

/** Whose source address is replaced: the source is kept wherever the answer finds its way back without. */
function sourceTexts(network: BridgeNetworkRecord, family: Family): string[] {
  if (network.internal) return [];
  const { bridge, masquerade } = network;
  const subnets = poolsOf(network, family).map(({ subnet }) => subnet);
  return [
    ...(masquerade ? subnets.map((subnet) => `-s ${subnet} ! -o ${bridge} -j MASQUERADE`) : []),
    // To itself or a neighbour by a published port: the answer must come back this way, not straight across the bridge.
    ...subnets.map((subnet) => `-s ${subnet} -o ${bridge} -m conntrack --ctstate DNAT -j MASQUERADE`),
    ...(family === 4 ? [`-s ${loopback[4]} -o ${bridge} -j MASQUERADE`] : []),
  ];
}

function forwardTexts({ chainPrefix }: Instance, networks: readonly BridgeNetworkRecord[]): string[] {
  const shut = networks.filter((network) => network.internal);
  const open = networks.filter((network) => !network.internal);
  return [
    `-j ${chainPrefix}-USER`,
    // Seen here only where the host has bridged frames pass its firewall (br_netfilter).
    ...networks.map(({ bridge, icc }) => `-i ${bridge} -o ${bridge} ${icc ? "" : dnatOnly}-j ACCEPT`),
    ...shut.flatMap(({ bridge }) => [`-i ${bridge} -j DROP`, `-o ${bridge} -j DROP`]),
    ...open.flatMap(({ bridge }) => [
      `-o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
      `-o ${bridge} ${dnatOnly}-j ACCEPT`,
    ]),
    // Forwarding is on for the containers' sake: that must not open them to the host's neighbours, nor to each other's
    // networks.
    ...open.map(({ bridge }) => `-o ${bridge} -j DROP`),
    ...open.map(({ bridge }) => `-i ${bridge} -j ACCEPT`),
  ];
}

const dnatOnly = "-m conntrack --ctstate DNAT ";
