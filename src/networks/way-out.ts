// Which of a container's networks is its way out. Pure.

export type GatewayCandidate = {
  readonly network: string;
  readonly priority: number;
  /** IPv4 and IPv6 gateways, as far as the network has them. */
  readonly gateways: readonly string[];
};

/** The highest priority, among equals the first name, as Docker has it; for each family by itself. */
export function wayOut(candidates: readonly GatewayCandidate[]): {
  readonly gateways: readonly string[];
  readonly network4: string | undefined;
  readonly network6: string | undefined;
} {
  const sorted = candidates.toSorted((a, b) => b.priority - a.priority || (a.network < b.network ? -1 : 1));
  const best = (isOf: (gateway: string) => boolean) =>
    sorted
      .flatMap(({ network, gateways }) => gateways.filter(isOf).map((gateway) => ({ network, gateway })))
      .at(0);
  const [v4, v6] = [best((gateway) => !gateway.includes(":")), best((gateway) => gateway.includes(":"))];
  return {
    gateways: [v4, v6].flatMap((found) => (found === undefined ? [] : [found.gateway])),
    network4: v4?.network,
    network6: v6?.network,
  };
}
