// What the firewall is to let through, as the text that `nft -f` carries out in one step. All of it is in one table of our
// own; the chains do what those of firewall.ts do, and published ports are elements of maps, a range one element.
//
//   map moved4, moved6   protocol . host address . host port         -> container address . container port
//   map kept4, kept6     protocol . host address . range of ports    -> container address, the port stays
import type { Instance } from "../base/instance.ts";
import type { FirewallState } from "./firewall.ts";
import type { PortChange } from "./firewall-backend.ts";
import { poolsOf, type BridgeNetworkRecord } from "./network-record.ts";
import { isAnyAddress, isIpv6, needsRules, type PortMapping } from "./port-mapping.ts";
import { resolverStatements } from "./resolver-rules.ts";
import type { Family } from "./subnet.ts";

export function tableName({ chainPrefix }: Instance): string {
  return chainPrefix.toLowerCase();
}

const families: readonly Family[] = [4, 6];
const addressType: Readonly<Record<Family, string>> = { 4: "ipv4_addr", 6: "ipv6_addr" };
const header: Readonly<Record<Family, string>> = { 4: "ip", 6: "ip6" };

const hooks: Readonly<Record<string, string>> = {
  loopback: "type filter hook input priority -150",
  prerouting: "type nat hook prerouting priority -100",
  output: "type nat hook output priority -100",
  postrouting: "type nat hook postrouting priority 100",
  input: "type filter hook input priority 0",
  forward: "type filter hook forward priority 0",
};

/** Makes our table hold exactly this, but for the chain `user`, whose rules are the user's. */
export function installText(instance: Instance, state: FirewallState): string {
  const table = `inet ${tableName(instance)}`;
  const maps = families.flatMap((family) => [`moved${family}`, `kept${family}`]);
  const chains = chainRules(state);
  return [
    `add table ${table}`,
    ...families.flatMap((family) => declareMaps(table, family)),
    `add chain ${table} user`,
    `add chain ${table} ports`,
    ...maps.map((map) => `flush map ${table} ${map}`),
    `flush chain ${table} ports`,
    // Whatever hook it is at: another build's may be another.
    ...Object.keys(hooks).flatMap((chain) => [
      `add chain ${table} ${chain}`,
      `flush chain ${table} ${chain}`,
      `delete chain ${table} ${chain}`,
    ]),
    // Where there is nothing to ask, no packet stops.
    ...Object.entries(hooks)
      .filter(([chain]) => chains[chain]?.length !== 0)
      .map(([chain, hook]) => `add chain ${table} ${chain} { ${hook}; }`),
    ...Object.entries(chains).flatMap(([chain, rules]) =>
      rules.map((rule) => `add rule ${table} ${chain} ${rule}`),
    ),
    ...elementLines("add", table, state.mappings),
    "",
  ].join("\n");
}

/** Takes ports away and adds others; nft refuses all of it where something is not there. */
export function changeText(instance: Instance, { removed, added }: PortChange): string {
  const table = `inet ${tableName(instance)}`;
  const lines = [...elementLines("delete", table, removed), ...elementLines("add", table, added)];
  return lines.map((line) => `${line}\n`).join("");
}

/** Adding first makes the deletion right whether or not it was there. */
export function removalText(instance: Instance): string {
  const table = `inet ${tableName(instance)}`;
  return `add table ${table}\ndelete table ${table}\n`;
}

function declareMaps(table: string, family: Family): string[] {
  const address = addressType[family];
  const key = `inet_proto . ${address} . inet_service`;
  return [
    `add map ${table} moved${family} { type ${key} : ${address} . inet_service; flags interval; }`,
    `add map ${table} kept${family} { type ${key} : ${address}; flags interval; }`,
  ];
}

function chainRules({
  networks,
  resolvers = [],
}: FirewallState): Readonly<Record<string, readonly string[]>> {
  const resolver = resolverStatements(resolvers);
  return {
    input: resolver.input,
    loopback: networks.map(
      ({ bridge }) => `iifname "${bridge}" ip daddr 127.0.0.0/8 ct state new,invalid,untracked drop`,
    ),
    ports: families.flatMap((family) => {
      // nft wants to see in each rule that there are ports.
      const dnat = `meta l4proto { tcp, udp, sctp } dnat ${header[family]} to`;
      const key = `meta l4proto . ${header[family]} daddr . th dport`;
      return [`${dnat} ${key} map @moved${family}`, `${dnat} ${key} map @kept${family}`];
    }),
    // Translated, it would be no stranger on the wire any more: a neighbour must not reach what is published on loopback.
    prerouting: [
      ...resolver.prerouting,
      "ip daddr 127.0.0.0/8 return",
      "ip6 daddr ::1 return",
      "fib daddr type local jump ports",
    ],
    // The kernel drops what comes back to ::1 by another interface: the relay listens there.
    output: ["ip6 daddr ::1 return", "fib daddr type local jump ports"],
    postrouting: networks.flatMap((network) => families.flatMap((family) => sourceRules(network, family))),
    forward: forwardRules(networks),
  };
}

function sourceRules(network: BridgeNetworkRecord, family: Family): string[] {
  const subnets = poolsOf(network, family).map(({ subnet }) => subnet);
  if (network.internal || subnets.length === 0) return [];
  const { bridge, masquerade } = network;
  const source = (subnet: string) => `${header[family]} saddr ${subnet}`;
  return [
    ...(masquerade ? subnets.map((subnet) => `${source(subnet)} oifname != "${bridge}" masquerade`) : []),
    ...subnets.map((subnet) => `${source(subnet)} oifname "${bridge}" ct status dnat masquerade`),
    ...(family === 4 ? [`ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade`] : []),
  ];
}

function forwardRules(networks: readonly BridgeNetworkRecord[]): string[] {
  const open = networks.filter(({ internal }) => !internal);
  return [
    "jump user",
    ...networks.map(
      ({ bridge, icc }) => `iifname "${bridge}" oifname "${bridge}" ${icc ? "" : "ct status dnat "}accept`,
    ),
    ...networks
      .filter(({ internal }) => internal)
      .flatMap(({ bridge }) => [`iifname "${bridge}" drop`, `oifname "${bridge}" drop`]),
    ...open.flatMap(({ bridge }) => [
      `oifname "${bridge}" ct state established,related accept`,
      `oifname "${bridge}" ct status dnat accept`,
    ]),
    ...open.map(({ bridge }) => `oifname "${bridge}" drop`),
    ...open.map(({ bridge }) => `iifname "${bridge}" accept`),
  ];
}

function elementLines(verb: "add" | "delete", table: string, mappings: readonly PortMapping[]): string[] {
  return families.flatMap((family) => {
    const own = mappings.filter(
      (mapping) => needsRules(mapping) && isIpv6(mapping.hostIp) === (family === 6),
    );
    const kept = own.filter(isKept).map((mapping) => keptElement(mapping));
    const moved = own.filter((mapping) => !isKept(mapping)).flatMap((mapping) => movedElements(mapping));
    const line = (map: string, elements: readonly string[]) =>
      elements.length > 0 ? [`${verb} element ${table} ${map}${family} { ${elements.join(", ")} }`] : [];
    return line("kept", kept).concat(line("moved", moved));
  });
}

function isKept({ hostPort, containerPort }: PortMapping): boolean {
  return hostPort === containerPort;
}

function keptElement({ protocol, hostIp, hostPort, containerIp, count }: PortMapping): string {
  const ports = count === 1 ? String(hostPort) : `${hostPort}-${hostPort + count - 1}`;
  return `${protocol} . ${addresses(hostIp)} . ${ports} : ${containerIp}`;
}

/** A map's value is one port: a block that moves is one element a port. */
function movedElements({
  count,
  protocol,
  hostIp,
  hostPort,
  containerIp,
  containerPort,
}: PortMapping): string[] {
  return Array.from(
    { length: count },
    (_, at) =>
      `${protocol} . ${addresses(hostIp)} . ${hostPort + at} : ${containerIp} . ${containerPort + at}`,
  );
}

function addresses(ip: string): string {
  return isAnyAddress(ip) ? `${ip}/0` : ip;
}
