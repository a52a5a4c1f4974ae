// The firewall rules that lead a network's containers to their resolver, as data.
//
//   nat     prerouting   port 53 of the gateway -> the port that the resolver has; before published ports: a container may
//                        publish port 53 of every address of the host, and its neighbours still ask us
//   filter  input        what gets there is let in, whatever the host's own rules say of other packets
import type { Instance } from "../base/instance.ts";
import type { Rule } from "./firewall.ts";
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
  return ways(places, family).flatMap(({ bridge, address, protocol, port }): Rule[] => {
    const match = (at: number): string => `-i ${bridge} -d ${address} -p ${protocol} --dport ${at}`;
    const lead = port === dnsPort ? "ACCEPT" : `DNAT --to-destination ${bracketed(address)}:${port}`;
    return [
      { table: "nat", chain: `${chainPrefix}-PREROUTING`, text: `${match(dnsPort)} -j ${lead}` },
      { table: "filter", chain: `${chainPrefix}-INPUT`, text: `${match(port)} -j ACCEPT` },
    ];
  });
}

/**
 * The same in nftables' words, for the chains `prerouting` and `input`. A packet that our table accepts may still be
 * dropped by another: what the host's own nftables rules say of port `port` from a bridge counts.
 */
export function resolverStatements(places: readonly ResolverPlace[]): {
  readonly prerouting: readonly string[];
  readonly input: readonly string[];
} {
  const both = ([4, 6] as const).flatMap((family) => ways(places, family));
  const match = ({ bridge, header, address, protocol }: Way, at: number): string =>
    `iifname "${bridge}" ${header} daddr ${address} ${protocol} dport ${at}`;
  return {
    prerouting: both.map((way) => {
      const lead = `dnat ${way.header} to ${bracketed(way.address)}:${way.port}`;
      return `${match(way, dnsPort)} ${way.port === dnsPort ? "accept" : lead}`;
    }),
    input: both.map((way) => `${match(way, way.port)} accept`),
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
