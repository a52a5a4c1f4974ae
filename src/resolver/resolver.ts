// The resolver of one user network: answers on the network's gateway addresses, in the daemon's own namespace, for that
// network's containers and nobody else. Or of one container, on an address of its own namespace. It keeps nothing that
// matters: the next daemon opens it again and is as good.
//
//   container ── <gateway>:53 ──(firewall: to `port`)──► listener ─► responder ─┬─ names of the network
//                                                                               └─ forwarder ─► name servers
import type { Host } from "../base/host.ts";
import { exchange, type Server } from "./exchange.ts";
import { Forwarder } from "./forwarder.ts";
import { listen } from "./listener.ts";
import { responder, type Client } from "./responder.ts";

export type ResolverOptions = {
  /** The network's own addresses on the host, IPv4 or IPv6. */
  readonly addresses: readonly string[];
  /** The network namespace that has them; the host's own when not given. */
  readonly netnsPath?: string;
  /** The first that is free is used: see `resolverPorts`. */
  readonly ports: readonly number[];
  /** Who asks, by address; `undefined` for anybody who is not on the network: that packet gets no answer. Called for every packet. */
  readonly clientOf: (address: string) => Client | undefined;
};

export type Resolver = AsyncDisposable & { readonly port: number };

/**
 * Ports below those that the kernel gives out by itself, always tried in the same order: after a restart of the daemon
 * the rules that lead here from port 53, and the connections that the kernel tracks, are still true.
 */
export const resolverPorts: readonly number[] = Array.from({ length: 10 }, (_, i) => 27_053 + i);

/** SystemError when none of the ports is free; the system's own error when an address is not there. */
export function openResolver(
  host: Host,
  { addresses, netnsPath, ports, clientOf }: ResolverOptions,
): Promise<Resolver> {
  // The servers to ask may name us (somebody set a container's server for the host): that way leads nowhere.
  const isOurs = (server: Server): boolean =>
    server.netnsPath === netnsPath && addresses.includes(server.address);
  const forwarder = new Forwarder(host, exchange);
  const answer: Forwarder["answer"] = (query, servers) =>
    forwarder.answer(
      query,
      servers.filter((server) => !isOurs(server)),
    );
  return listen({ addresses, netnsPath, ports }, responder(clientOf, { answer }));
}
