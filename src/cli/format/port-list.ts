// The PORTS column: neighbouring ports of one address are drawn together to a range.

import type { PortSummary } from "../../spec/docker.ts";

type Run = {
  readonly address: string;
  readonly protocol: string;
  readonly published: boolean;
  firstPrivate: number;
  lastPrivate: number;
  firstPublic: number;
  lastPublic: number;
};

/** "0.0.0.0:8000-8002->80-82/tcp, 443/tcp". */
export function displayPorts(ports: readonly PortSummary[] | null): string {
  const runs: Run[] = [];
  const alone: Run[] = [];
  for (const port of (ports ?? []).toSorted(byPort)) {
    const { IP = "", PrivatePort, PublicPort = 0, Type } = port;
    const run: Run = {
      address: IP,
      protocol: Type,
      published: PublicPort > 0,
      firstPrivate: PrivatePort,
      lastPrivate: PrivatePort,
      firstPublic: PublicPort,
      lastPublic: PublicPort,
    };
    // A port that is published under another number stands alone.
    if (run.published && PublicPort !== PrivatePort) {
      alone.push(run);
      continue;
    }
    const before = runs.findLast((candidate) => continues(candidate, run));
    if (before === undefined) runs.push(run);
    else {
      before.lastPrivate = run.lastPrivate;
      before.lastPublic = run.lastPublic;
    }
  }
  return [...alone, ...runs].map(display).join(", ");
}

function continues(before: Run, next: Run): boolean {
  return (
    before.address === next.address &&
    before.protocol === next.protocol &&
    before.published === next.published &&
    before.lastPrivate + 1 === next.firstPrivate
  );
}

function display(run: Run): string {
  const inside = `${span(run.firstPrivate, run.lastPrivate)}/${run.protocol}`;
  if (!run.published) return inside;
  const address = run.address.includes(":") ? `[${run.address}]` : run.address;
  return `${address}:${span(run.firstPublic, run.lastPublic)}->${inside}`;
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
