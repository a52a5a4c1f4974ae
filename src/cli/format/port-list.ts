// The PORTS column: neighbouring ports of one address are drawn together to a range.

import type { PortSummary } from "../../spec/docker.ts";

type Run = {
  readonly address: string;
  readonly protocol: string;
  readonly published: boolean;
  readonly first: number;
  last: number;
  /** Of the first port: that of the others follows, since only equal numbers are drawn together. */
  readonly publicPort: number;
};

/** "0.0.0.0:8000-8002->8000-8002/tcp, 443/tcp, 0.0.0.0:8080->80/tcp". */
export function displayPorts(ports: readonly PortSummary[] | null): string {
  const done: Run[] = [];
  /** The run that may still grow, for each address and protocol. */
  const open = new Map<string, Run>();
  /** A port that is published under another number stands alone, at the end. */
  const alone: Run[] = [];
  for (const { IP = "", PrivatePort, PublicPort = 0, Type } of (ports ?? []).toSorted(byPort)) {
    const published = PublicPort > 0;
    const next: Run = {
      address: IP,
      protocol: Type,
      published,
      first: PrivatePort,
      last: PrivatePort,
      publicPort: PublicPort,
    };
    if (published && PublicPort !== PrivatePort) {
      alone.push(next);
      continue;
    }
    const key = `${IP}/${Type}`;
    const run = open.get(key);
    if (run !== undefined && run.last + 1 === PrivatePort) {
      run.last = PrivatePort;
      continue;
    }
    if (run !== undefined) done.push(run);
    open.set(key, next);
  }
  return [...done, ...open.values(), ...alone].map(display).join(", ");
}

function display(run: Run): string {
  const inside = `${span(run.first, run.last)}/${run.protocol}`;
  if (!run.published) return inside;
  const address = run.address.includes(":") ? `[${run.address}]` : run.address;
  return `${address}:${span(run.publicPort, run.publicPort + run.last - run.first)}->${inside}`;
}

function span(first: number, last: number): string {
  return first === last ? String(first) : `${first}-${last}`;
}

function byPort(a: PortSummary, b: PortSummary): number {
  return (
    a.PrivatePort - b.PrivatePort ||
    order(a.IP ?? "", b.IP ?? "") ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    order(a.Type, b.Type)
  );
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
