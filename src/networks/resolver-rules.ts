// The firewall rules that lead a network's containers to their resolver, as data.
//
//   nat     prerouting   port 53 of the gateway, or of 127.0.0.11 (loopback-resolver.ts) -> the port that the resolver has;
//                        before published ports: a container may publish port 53 of every address of the host, and its
//                        neighbours still ask us
//   filter  input        what gets there is let in, whatever the host's own rules say of other packets
//
// What is for 127.0.0.11 and has not been led away is dropped with all that is for 127.0.0.0/8 (firewall.ts).
import type { Instance } from "../base/instance.ts";
import type { Rule } from "./firewall.ts";
import { loopbackResolver } from "./loopback-resolver.ts";
import type { Family } from "./subnet.ts";

export type ResolverPlace = {
  readonly bridge: string;
  /** The network's gateway addresses. */
  readonly addresses: readonly string[];
  /** The port that the resolver was given. */
  readonly port: number;
};

const dnsPort = 53;

/** To come first in their chains. */
export function resolverRules(
  { chainPrefix }: Instance,
  family: Family,
  places: readonly ResolverPlace[],
): Rule[] {
  const rule = (table: Rule["table"], chain: string, text: string): Rule => ({
    table,
    chain: `${chainPrefix}-${chain}`,
    text,
  });
  const match = ({ bridge, protocol }: Way, to: string, at: number): string =>
    `-i ${bridge} -d ${to} -p ${protocol} --dport ${at}`;
  const all = ways(places, family);
  const lead = ({ address, port }: Way): string => `DNAT --to-destination ${bracketed(address)}:${port}`;
  const ofGateway = all.flatMap((way) => [
    rule(
      "nat",
      "PREROUTING",
      `${match(way, way.address, dnsPort)} -j ${way.port === dnsPort ? "ACCEPT" : lead(way)}`,
    ),
    rule("filter", "INPUT", `${match(way, way.address, way.port)} -j ACCEPT`),
  ]);
  if (family === 6) return ofGateway;
  const ofLoopback = all.map((way) =>
    rule("nat", "PREROUTING", `${match(way, loopbackResolver, dnsPort)} -j ${lead(way)}`),
  );
  return [...ofGateway, ...ofLoopback];
}

/**
 * The same in nftables' words, for the chains `prerouting` and `input`. A packet that our table accepts may still
 * be dropped by another: what the host's own nftables rules say of port `port` from a bridge counts.
 */
export function resolverStatements(places: readonly ResolverPlace[]): {
  readonly prerouting: readonly string[];
  readonly input: readonly string[];
} {
  const both = ([4, 6] as const).flatMap((family) => ways(places, family));
  const match = ({ bridge, header, protocol }: Way, to: string, at: number): string =>
    `iifname "${bridge}" ${header} daddr ${to} ${protocol} dport ${at}`;
  const onLoopback = (way: Way): string => match(way, loopbackResolver, dnsPort);
  const v4 = both.filter(({ header }) => header === "ip");
  const lead = (way: Way): string => `dnat ${way.header} to ${bracketed(way.address)}:${way.port}`;
  return {
    prerouting: [
      ...both.map((way) => {
        const asked = match(way, way.address, dnsPort);
        return `${asked} ${way.port === dnsPort ? "accept" : lead(way)}`;
      }),
      ...v4.map((way) => `${onLoopback(way)} ${lead(way)}`),
    ],
    input: both.map((way) => `${match(way, way.address, way.port)} accept`),
  };
}

type Way = {
  readonly bridge: string;
  readonly header: "ip" | "ip6";
  readonly address: string;
  readonly protocol: "udp" | "tcp";
  readonly port: number;
};

function ways(places: readonly ResolverPlace[], family: Family): Way[] {
  return places.flatMap(({ bridge, addresses, port }) =>
    addresses
      .filter((address) => address.includes(":") === (family === 6))
      .flatMap((address) =>
        (["udp", "tcp"] as const).map((protocol): Way => {
          return { bridge, header: family === 6 ? "ip6" : "ip", address, protocol, port };
        }),
      ),
  );
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
