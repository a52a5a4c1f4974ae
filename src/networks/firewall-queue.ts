// All changes of the firewall, one call of its program after the other. What comes while one runs goes in with the next,
// so that many starts at once cost few calls.
//
// Adding is quick (2 ms). Taking away makes the kernel wait for its readers (15 ms); whoever comes to a port in the meantime is
// led to a container that is no more, and hears nothing for seconds.
import { errorText } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { FirewallState } from "./firewall.ts";
import type { FirewallBackend, PortChange } from "./firewall-backend.ts";
import type { PortMapping } from "./port-mapping.ts";
import type { BridgeNetworkRecord } from "./network-record.ts";
import type { ResolverPlace } from "./resolver-rules.ts";

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
  #waiting: Waiting[] = [];
  #running = false;

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
    return this.#done();
  }

  /** The rules are gone when this resolves. */
  unpublish(container: string): Promise<void> {
    const mappings = this.#wanted.get(container);
    if (mappings === undefined) return Promise.resolve();
    this.#wanted.delete(container);
    this.#removed.push(...mappings);
    return this.#done();
  }

  /** Makes our part of the firewall what it should be: after a network came or went, and after others took it away. */
  install(): Promise<void> {
    this.#reinstall = true;
    return this.#done();
  }

  /** Puts back what others took away. `true`: something was missing. */
  async repair(): Promise<boolean> {
    if (this.#running || (await this.#backend.isIntact(this.state))) return false;
    await this.install();
    return true;
  }

  /** Takes our part of the firewall away, when nothing of ours runs any more. */
  async remove(): Promise<void> {
    await this.#done(); // what is under way
    await this.#backend.remove();
  }

  /** All that is wanted now is in the kernel when this resolves. */
  #done(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#work();
    });
  }

  /** Starts after all who ask in this turn of the event loop have asked. */
  #work(): void {
    if (this.#running) return;
    this.#running = true;
    queueMicrotask(() => void this.#drain());
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) await this.#step();
    this.#running = false;
  }

  async #step(): Promise<void> {
    const change: PortChange = { removed: this.#removed, added: this.#added };
    const [waiting, whole] = [this.#waiting, this.#reinstall];
    [this.#removed, this.#added, this.#waiting, this.#reinstall] = [[], [], [], false];
    try {
      await this.#apply(whole, change, this.state);
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
