// Who has which port of the host. Pure bookkeeping: whether another program has the port only the kernel can say.
import { SystemError } from "../base/errors.ts";
import { isAnyAddress, isIpv6, type Protocol } from "./port-mapping.ts";

/** First and last, both included. */
export type PortRange = { readonly first: number; readonly last: number };

/** Docker's since 2013: the dynamic ports of RFC 6335, less the first. */
export const defaultPortRange: PortRange = { first: 49153, last: 65535 };

export type PortClaim = {
  readonly protocol: Protocol;
  /** The addresses that get the same port: `0.0.0.0` and `::`, or one. */
  readonly hostIps: readonly string[];
  /** One port, or any of a range; undefined: any of the allocator's own range. */
  readonly hostPorts: PortRange | undefined;
};

/** Docker's words, which users and programs look for. */
function taken(ip: string, port: number): SystemError {
  return new SystemError(`Bind for ${isIpv6(ip) ? `[${ip}]` : ip}:${port} failed: port is already allocated`);
}

export class PortAllocator {
  readonly #range: PortRange;
  /** By protocol and port: the addresses. */
  readonly #held = new Map<string, Set<string>>();
  readonly #cursors = new Map<Protocol, number>();

  constructor(range: PortRange = defaultPortRange) {
    this.#range = range;
  }

  /**
   * Takes one port on all addresses of the claim. Ports that nobody chose are walked round and round, so that one just let
   * go of comes again last. `refused` holds ports that other programs have (`isRefused`).
   */
  allocate({ protocol, hostIps, hostPorts }: PortClaim, isRefused: (port: number) => boolean): number {
    if (hostPorts !== undefined && hostPorts.first === hostPorts.last) {
      const busy = hostIps.find((ip) => !this.#isFree(protocol, ip, hostPorts.first));
      if (busy !== undefined) throw taken(busy, hostPorts.first);
      return this.#take(protocol, hostIps, hostPorts.first);
    }
    const range = hostPorts ?? this.#range;
    const count = range.last - range.first + 1;
    const start = hostPorts === undefined ? (this.#cursors.get(protocol) ?? range.first) : range.first;
    for (let step = 0; step < count; step++) {
      const port = range.first + ((start - range.first + step) % count);
      if (isRefused(port) || !hostIps.every((ip) => this.#isFree(protocol, ip, port))) continue;
      if (hostPorts === undefined) this.#cursors.set(protocol, port === range.last ? range.first : port + 1);
      return this.#take(protocol, hostIps, port);
    }
    throw new SystemError(
      hostPorts === undefined
        ? "all ports are allocated"
        : `Bind for ${hostIps[0] ?? ""}:${range.first}-${range.last} failed: port is already allocated`,
    );
  }

  /** Notes a port that is in use already. */
  adopt(protocol: Protocol, ip: string, port: number): void {
    this.#take(protocol, [ip], port);
  }

  /** Fine when it is free already. */
  release(protocol: Protocol, ip: string, port: number): void {
    const key = `${protocol}/${port}`;
    const ips = this.#held.get(key);
    ips?.delete(ip);
    if (ips?.size === 0) this.#held.delete(key);
  }

  #take(protocol: Protocol, ips: readonly string[], port: number): number {
    const key = `${protocol}/${port}`;
    const held = this.#held.get(key) ?? new Set();
    for (const ip of ips) held.add(ip);
    this.#held.set(key, held);
    return port;
  }

  #isFree(protocol: Protocol, ip: string, port: number): boolean {
    for (const held of this.#held.get(`${protocol}/${port}`) ?? [])
      if (isIpv6(held) === isIpv6(ip) && (held === ip || isAnyAddress(held) || isAnyAddress(ip)))
        return false;
    return true;
  }
}
