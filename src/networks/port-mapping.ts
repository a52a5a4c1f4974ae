// A published port, or a run of them, as data: what a container's record holds, what the firewall's rules are made of.

export type Protocol = "tcp" | "udp" | "sctp";

export type PortMapping = {
  readonly protocol: Protocol;
  /** The host's address; `0.0.0.0` and `::` are all of its family. */
  readonly hostIp: string;
  readonly hostPort: number;
  readonly containerIp: string;
  readonly containerPort: number;
  /** So many ports in a row, on both sides. */
  readonly count: number;
};

export function isAnyAddress(ip: string): boolean {
  return ip === "0.0.0.0" || ip === "::";
}

export function isIpv6(ip: string): boolean {
  return ip.includes(":");
}

/**
 * The kernel translates within one family only, and to `::1` it lets nobody answer from another interface (there is no
 * route_localnet of IPv6): these mappings go through a relay.
 */
export function needsRelay({ protocol, hostIp, containerIp }: PortMapping): boolean {
  if (protocol === "sctp") return false;
  return isIpv6(hostIp) !== isIpv6(containerIp) || hostIp === "::" || hostIp === "::1";
}

/** Whether rules of the firewall carry it (beside a relay, for `::`). */
export function needsRules({ hostIp, containerIp }: PortMapping): boolean {
  return isIpv6(hostIp) === isIpv6(containerIp) && hostIp !== "::1";
}

/** Joins neighbours into runs; the order is by protocol, address and port. */
export function joinRuns(mappings: readonly PortMapping[]): PortMapping[] {
  const sorted = mappings.toSorted(inOrder);
  const runs: PortMapping[] = [];
  for (const next of sorted) {
    const last = runs.at(-1);
    if (last !== undefined && continues(last, next))
      runs[runs.length - 1] = { ...last, count: last.count + next.count };
    else runs.push(next);
  }
  return runs;
}

function continues(run: PortMapping, next: PortMapping): boolean {
  return (
    run.protocol === next.protocol &&
    run.hostIp === next.hostIp &&
    run.containerIp === next.containerIp &&
    run.hostPort + run.count === next.hostPort &&
    run.containerPort + run.count === next.containerPort
  );
}

function inOrder(a: PortMapping, b: PortMapping): number {
  const byText = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
  return byText(a.protocol, b.protocol) || byText(a.hostIp, b.hostIp) || a.hostPort - b.hostPort;
}

/** Each port by itself. */
export function singlePorts(runs: readonly PortMapping[]): PortMapping[] {
  return runs.flatMap((run) =>
    Array.from({ length: run.count }, (_, at) => ({
      ...run,
      hostPort: run.hostPort + at,
      containerPort: run.containerPort + at,
      count: 1,
    })),
  );
}
