// All changes of the firewall, one call of its program after the other. What comes while one runs goes in with the next,
// so that many starts at once cost few calls.
//
// Adding is what a user waits for and quick (2 ms). Taking away makes the kernel wait for its readers (15 ms) and holds up
// whatever comes next: it is put off and done together, but before the same port is given to another container.
import { errorText } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { FirewallState } from "./firewall.ts";
import type { FirewallBackend, PortChange } from "./firewall-backend.ts";
import { isAnyAddress, isIpv6, type PortMapping } from "./port-mapping.ts";
import type { BridgeNetworkRecord } from "./network-record.ts";
import type { ResolverPlace } from "./resolver-rules.ts";

const removalDelayMs = 40;

type Waiting = { readonly resolve: () => void; readonly reject: (err: unknown) => void };

export class FirewallQueue {
  readonly #host: Host;
  readonly #backend: FirewallBackend;
  readonly #networks: () => readonly BridgeNetworkRecord[];
  readonly #resolvers: () => readonly ResolverPlace[];
  /** What is to be published, by container. */
  readonly #wanted = new Map<string, readonly PortMapping[]>();
  #added: PortMapping[] = [];
  #removed: PortMapping[] = [];
  #reinstall = false;
  #waitingForAdds: Waiting[] = [];
  #waitingForRemovals: Waiting[] = [];
  #running = false;
  #removalsDue = false;

  constructor(
    host: Host,
    backend: FirewallBackend,
    networks: () => readonly BridgeNetworkRecord[],
    resolvers: () => readonly ResolverPlace[] = () => [],
  ) {
    this.#host = host;
    this.#backend = backend;
    this.#networks = networks;
    this.#resolvers = resolvers;
  }

  get backendName(): FirewallBackend["name"] {
    return this.#backend.name;
  }

  /** All that the rules are made of now. */
  get state(): FirewallState {
    return {
      networks: this.#networks(),
      mappings: [...this.#wanted.values()].flat(),
      resolvers: this.#resolvers(),
    };
  }

  /** Notes ports whose rules are there already, or will be by the next `install`. */
  adopt(container: string, mappings: readonly PortMapping[]): void {
    if (mappings.length > 0) this.#wanted.set(container, mappings);
  }

  /** The ports can be reached when this resolves. */
  publish(container: string, mappings: readonly PortMapping[]): Promise<void> {
    if (mappings.length === 0) return Promise.resolve();
    this.#wanted.set(container, mappings);
    this.#added.push(...mappings);
    if (this.#removed.some((old) => mappings.some((mapping) => overlap(old, mapping))))
      this.#removalsDue = true;
    return this.#wait(this.#waitingForAdds);
  }

  /** The rules are gone when this resolves; nobody needs to wait for it. */
  unpublish(container: string): Promise<void> {
    const mappings = this.#wanted.get(container);
    if (mappings === undefined) return Promise.resolve();
    this.#wanted.delete(container);
    this.#removed.push(...mappings);
    setTimeout(() => {
      this.#removalsDue ||= this.#removed.length > 0;
      this.#work();
    }, removalDelayMs);
    return this.#promise(this.#waitingForRemovals);
  }

  /** Makes our part of the firewall what it should be: after a network came or went, and after others took it away. */
  install(): Promise<void> {
    this.#reinstall = true;
    return this.#wait(this.#waitingForAdds);
  }

  /** Puts back what others took away. `true`: something was missing. */
  async repair(): Promise<boolean> {
    if (this.#running || this.#removed.length > 0 || (await this.#backend.isIntact(this.state))) return false;
    await this.install();
    return true;
  }

  /** Takes our part of the firewall away, when nothing of ours runs any more. */
  async remove(): Promise<void> {
    // What is still to be taken away goes now: later there is nothing that it could be taken from.
    this.#removalsDue = true;
    await this.#wait(this.#waitingForAdds);
    await this.#backend.remove();
  }

  #wait(list: Waiting[]): Promise<void> {
    const done = this.#promise(list);
    this.#work();
    return done;
  }

  #promise(list: Waiting[]): Promise<void> {
    return new Promise((resolve, reject) => list.push({ resolve, reject }));
  }

  /** Starts after all who ask in this turn of the event loop have asked. */
  #work(): void {
    if (this.#running) return;
    this.#running = true;
    queueMicrotask(() => void this.#drain());
  }

  async #drain(): Promise<void> {
    while (this.#hasWork()) await this.#step();
    this.#running = false;
  }

  #hasWork(): boolean {
    return this.#reinstall || this.#removalsDue || this.#waitingForAdds.length > 0;
  }

  async #step(): Promise<void> {
    const withRemovals = this.#removalsDue || this.#reinstall;
    const change: PortChange = { removed: withRemovals ? this.#removed : [], added: this.#added };
    const waiting = [...this.#waitingForAdds, ...(withRemovals ? this.#waitingForRemovals : [])];
    const { state } = this;
    const whole = this.#reinstall;
    this.#added = [];
    this.#waitingForAdds = [];
    this.#reinstall = false;
    if (withRemovals) [this.#removed, this.#waitingForRemovals, this.#removalsDue] = [[], [], false];
    try {
      await this.#apply(whole, change, state);
      for (const { resolve } of waiting) resolve();
    } catch (err) {
      for (const { reject } of waiting) reject(err);
    }
  }

  async #apply(whole: boolean, change: PortChange, state: FirewallState): Promise<void> {
    if (!whole)
      try {
        return await this.#backend.change(withoutPassing(change));
      } catch (err) {
        this.#host.log.warn("firewall rules are not as they were left, set anew", { error: errorText(err) });
      }
    await this.#backend.install(state);
    this.#host.log.debug("firewall rules set", {
      networks: state.networks.length,
      mappings: state.mappings.length,
    });
  }
}

/** A port that came and went before its turn was never in the rules. */
function withoutPassing({ removed, added }: PortChange): PortChange {
  const both = new Set(added.filter((mapping) => removed.includes(mapping)));
  return {
    removed: removed.filter((mapping) => !both.has(mapping)),
    added: added.filter((mapping) => !both.has(mapping)),
  };
}

function overlap(one: PortMapping, other: PortMapping): boolean {
  return (
    one.protocol === other.protocol &&
    isIpv6(one.hostIp) === isIpv6(other.hostIp) &&
    (one.hostIp === other.hostIp || isAnyAddress(one.hostIp) || isAnyAddress(other.hostIp)) &&
    one.hostPort < other.hostPort + other.count &&
    other.hostPort < one.hostPort + one.count
  );
}
