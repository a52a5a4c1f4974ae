// Resolvers in containers' own namespaces, for those that are on user networks of which none has an IPv4 address of ours
// (macvlan, ipvlan, IPv6 only): sockets of the daemon's on 127.0.0.11 in there. The next daemon opens them again.
//
//   container ── 127.0.0.11:53 ──(names-redirect.ts)──► 127.0.0.11:<port>, a socket of the daemon ─► as in resolver.ts
import { errorText } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { Request } from "../netlink/message.ts";
import { performNft } from "../netlink/nftables.ts";
import { Rtnetlink } from "../netlink/rtnetlink.ts";
import { openResolver, resolverPorts, type Resolver, type ResolverOptions } from "../resolver/resolver.ts";
import { SyscallError } from "../sys/errno.ts";
import { insideNetns } from "../sys/namespace.ts";
import { NETLINK_NETFILTER } from "../sys/netlink-socket.ts";
import { loopbackResolver } from "./loopback-resolver.ts";
import { leaveNamesAlone, redirectNames } from "./names-redirect.ts";

/** What the programs of a container are told; `undefined`: nothing. */
type ClientIn = (containerId: string) => ReturnType<ResolverOptions["clientOf"]>;

const dnsPort = 53;

export class NamespaceResolvers {
  readonly #host: Host;
  readonly #clientIn: ClientIn;
  /** By container id. INVARIANT: none outlives `close`: an open socket keeps a namespace, and what is in it, in being. */
  readonly #resolvers = new Map<string, Resolver>();

  constructor(host: Host, clientIn: ClientIn) {
    this.#host = host;
    this.#clientIn = clientIn;
  }

  /** Stays as it is where it is open. One that cannot be had is missed by names only. Needs the container's lock. */
  async open(containerId: string, netnsPath: string): Promise<void> {
    if (this.#resolvers.has(containerId)) return;
    try {
      this.#resolvers.set(containerId, await this.#openIn(containerId, netnsPath));
    } catch (err) {
      this.#host.log.warn("the container cannot look up names", {
        container: containerId,
        error: errorText(err),
      });
    }
  }

  /** Its sockets, for a namespace that ends. Fine when there are none. */
  close(containerId: string): void {
    // The descriptors are closed within the call.
    void this.#resolvers.get(containerId)?.[Symbol.asyncDispose]();
    this.#resolvers.delete(containerId);
  }

  /** For a namespace that goes on: 127.0.0.11 is free for another way. Fine when nothing is open. */
  withdraw(containerId: string, netnsPath: string): void {
    const port = this.#resolvers.get(containerId)?.port;
    this.close(containerId);
    if (port !== undefined && port !== dnsPort) changeRules(netnsPath, leaveNamesAlone());
  }

  closeAll(): void {
    for (const containerId of this.#resolvers.keys()) this.close(containerId);
  }

  async #openIn(containerId: string, netnsPath: string): Promise<Resolver> {
    const openOn = (ports: readonly number[]): Promise<Resolver> =>
      openResolver(this.#host, {
        addresses: [loopbackResolver],
        ports,
        netnsPath,
        clientOf: () => this.#clientIn(containerId),
      });
    const resolver = await openOn(resolverPorts);
    try {
      changeRules(netnsPath, redirectNames(resolver.port));
      return resolver;
    } catch (err) {
      await resolver[Symbol.asyncDispose]();
      if (!(err instanceof SyscallError)) throw err;
      this.#host.log.debug("names are looked up at port 53 itself", {
        container: containerId,
        error: errorText(err),
      });
      return openOn([dnsPort]);
    }
  }
}

function changeRules(netnsPath: string, requests: readonly Request[]): void {
  using netfilter = insideNetns(netnsPath, () => new Rtnetlink(NETLINK_NETFILTER));
  performNft(netfilter, ...requests);
}
