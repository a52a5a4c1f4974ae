// The firewall rules of a bridge network, as data. They live in chains of our own, each jumped to once from a chain of
// the kernel's; nobody else's chain (DOCKER-USER) is touched.
//
//   nat     POSTROUTING -> <prefix>-POSTROUTING    what leaves the bridge's range by another way gets the host's address
//   filter  FORWARD     -> <prefix>-FORWARD        in: only answers; out and between containers: all
import type { Instance } from "../base/instance.ts";
import type { BridgeNetworkRecord } from "./network-record.ts";

export type Table = "filter" | "nat";

export type Chain = {
  readonly table: Table;
  readonly name: string;
  /** The kernel's chain that jumps here. */
  readonly from: "POSTROUTING" | "FORWARD";
};

export type Rule = {
  readonly table: Table;
  readonly chain: string;
  /** What to match and what to do with it, in iptables' words. */
  readonly words: readonly string[];
};

export type Ruleset = { readonly chains: readonly Chain[]; readonly rules: readonly Rule[] };

/** Every chain that this engine ever makes. */
export function chainsOf({ chainPrefix }: Instance): readonly Chain[] {
  return [
    { table: "filter", name: `${chainPrefix}-FORWARD`, from: "FORWARD" },
    { table: "nat", name: `${chainPrefix}-POSTROUTING`, from: "POSTROUTING" },
  ];
}

export function bridgeRules(instance: Instance, { bridge, subnet }: BridgeNetworkRecord): Ruleset {
  const forward = (...words: string[]): Rule => ({
    table: "filter",
    chain: `${instance.chainPrefix}-FORWARD`,
    words,
  });
  return {
    chains: chainsOf(instance),
    rules: [
      forward("-o", bridge, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"),
      forward("-i", bridge, "-j", "ACCEPT"),
      // Forwarding is on for the containers' sake: that must not open them to the host's neighbours.
      forward("-o", bridge, "-j", "DROP"),
      {
        table: "nat",
        chain: `${instance.chainPrefix}-POSTROUTING`,
        words: ["-s", subnet, "!", "-o", bridge, "-j", "MASQUERADE"],
      },
    ],
  };
}
