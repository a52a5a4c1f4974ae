// The published ports of containers from claim to release: the book of who has which, the sockets that keep them from
// other programs, the firewall's rules, a shorter way from the host itself, and relays where rules cannot do it.
import { errorText, SystemError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { KeyedLock } from "../base/keyed-lock.ts";
import type { ConnectShortcut } from "../networks/connect-shortcut.ts";
import type { Networks } from "../networks/networks.ts";
import {
  joinRuns,
  needsRelay,
  needsRules,
  singlePorts,
  type PortMapping,
  type Protocol,
} from "../networks/port-mapping.ts";
import type { PortRequest } from "../networks/port-request.ts";
import { openRelay, RelayPortError, type Relay } from "../networks/relay.ts";
import { parseAddress } from "../networks/subnet.ts";
import { addressBytes } from "../netlink/address.ts";
import { forgetUdpFlows } from "../netlink/conntrack.ts";
import type { HeldPort } from "../runtime/monitor-protocol.ts";
import type { MonitorLink } from "./monitor-link.ts";

/** The container's addresses that ports lead to. */
export type PortTarget = {
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  /** The host's addresses for a request that names none. */
  readonly hostIps: readonly string[];
};

type Claimed = {
  readonly request: PortRequest;
  readonly hostPort: number;
  readonly mappings: readonly PortMapping[];
};

/** So often another port is tried where one that nobody chose turns out to be another program's. */
const triesMax = 256;

export class PublishedPorts {
  readonly #host: Host;
  readonly #networks: Networks;
  readonly #monitor: MonitorLink;
  readonly #shortcut: ConnectShortcut;
  readonly #mappings = new Map<string, readonly PortMapping[]>();
  readonly #relays = new Map<string, readonly Relay[]>();
  /** A new monitor gets the ports at any time: not while they are being claimed or released. */
  readonly #turns = new KeyedLock();

  constructor(host: Host, networks: Networks, monitor: MonitorLink, shortcut: ConnectShortcut) {
    this.#host = host;
    this.#networks = networks;
    this.#monitor = monitor;
    this.#shortcut = shortcut;
  }

  /**
   * Takes the ports, for good or not at all: SystemError in Docker's words when one is another container's or program's.
   * Nobody can reach the container by them before `open`.
   */
  claim(id: string, requests: readonly PortRequest[], target: PortTarget): Promise<PortMapping[]> {
    return this.#turns.run(id, () => this.#claim(id, requests, target));
  }

  async #claim(id: string, requests: readonly PortRequest[], target: PortTarget): Promise<PortMapping[]> {
    if (requests.length === 0) return [];
    const refused = new Set<string>();
    for (let attempt = 1; ; attempt++) {
      const claimed = this.#allocate(requests, target, refused);
      try {
        const busy = await this.#hold(
          id,
          claimed.flatMap(({ mappings }) => mappings),
        );
        if (busy === undefined) {
          const mappings = joinRuns(claimed.flatMap((one) => one.mappings));
          this.#mappings.set(id, mappings);
          return mappings;
        }
        const request = claimed.find(({ mappings }) => mappings.includes(busy.mapping))?.request;
        const isFixed =
          request?.hostPorts !== undefined && request.hostPorts.first === request.hostPorts.last;
        if (isFixed || !busy.inUse || attempt === triesMax) throw refusal(busy);
        refused.add(`${busy.mapping.protocol}/${busy.mapping.hostPort}`);
      } catch (err) {
        this.#giveBack(claimed.flatMap(({ mappings }) => mappings));
        throw err;
      }
      this.#giveBack(claimed.flatMap(({ mappings }) => mappings));
    }
  }

  /** The ports lead to the container when this resolves. */
  async open(id: string): Promise<void> {
    const mappings = this.#mappings.get(id) ?? [];
    await this.#networks.firewall.publish(id, mappings);
    // A start that fails gives them back meanwhile.
    if (this.#mappings.get(id) !== mappings) return;
    this.#shortcut.lead(id, mappings);
    this.#forgetFlows(mappings.filter(({ protocol }) => protocol === "udp"));
  }

  /** UDP that comes all the time, from before the port was the container's, would go on past it. */
  #forgetFlows(mappings: readonly PortMapping[]): void {
    for (const family of [4, 6] as const) {
      const own = mappings.filter(({ hostIp }) => parseAddress(hostIp).family === family).filter(needsRules);
      if (own.length > 0)
        forgetUdpFlows(family, (port) =>
          own.some(({ hostPort, count }) => port >= hostPort && port < hostPort + count),
        );
    }
  }

  /** Gives everything back, once nothing leads to the container any more. Fine when there is nothing. */
  release(id: string): Promise<void> {
    return this.#turns.run(id, () => this.#release(id));
  }

  async #release(id: string): Promise<void> {
    const mappings = this.#mappings.get(id);
    if (mappings === undefined) return;
    this.#mappings.delete(id);
    this.#shortcut.forget(id);
    this.#closeRelays(id);
    try {
      await this.#networks.firewall.unpublish(id);
    } catch (err) {
      this.#host.log.error("firewall rules of a container are left", {
        container: id,
        error: errorText(err),
      });
    }
    this.#giveBack(singlePorts(mappings));
    await this.#monitor.hold(id, []);
  }

  /** After a restart of the daemon, before the firewall is set: this container runs and has these. */
  adopt(id: string, mappings: readonly PortMapping[]): void {
    if (mappings.length === 0) return;
    this.#mappings.set(id, mappings);
    for (const { protocol, hostIp, hostPort } of singlePorts(mappings))
      this.#networks.ports.adopt(protocol, hostIp, hostPort);
    this.#networks.firewall.adopt(id, mappings);
    this.#shortcut.lead(id, mappings);
  }

  /** After a restart of the daemon: what was adopted is held, and nothing else is. */
  async holdAdopted(): Promise<void> {
    await this.#monitor.keepHeld([...this.#mappings.keys()]);
    await this.holdAgain();
  }

  /** Holds all again, with a new monitor. */
  async holdAgain(): Promise<void> {
    for (const id of this.#mappings.keys()) await this.#turns.run(id, () => this.#holdOneAgain(id));
  }

  async #holdOneAgain(id: string): Promise<void> {
    const mappings = this.#mappings.get(id);
    if (mappings === undefined) return;
    this.#closeRelays(id);
    const busy = await this.#hold(id, singlePorts(mappings));
    if (busy !== undefined)
      this.#host.log.warn("a published port was taken by another program meanwhile", {
        container: id,
        port: busy.mapping.hostPort,
        address: busy.mapping.hostIp,
      });
  }

  /** The daemon ends: what it relays itself ends with it, all else goes on. */
  close(): void {
    for (const id of this.#relays.keys()) this.#closeRelays(id);
    this.#shortcut.close();
  }

  #allocate(requests: readonly PortRequest[], target: PortTarget, refused: ReadonlySet<string>): Claimed[] {
    const claimed: Claimed[] = [];
    try {
      for (const request of requests) {
        const { protocol, containerPort, hostPorts, hostIp } = request;
        const pairs = (hostIp === "" ? target.hostIps : [hostIp]).flatMap((ip) =>
          pairOf(protocol, ip, target),
        );
        if (pairs.length === 0) continue;
        const claim = { protocol, hostIps: pairs.map(([ip]) => ip), hostPorts };
        const hostPort = this.#networks.ports.allocate(claim, (port) => refused.has(`${protocol}/${port}`));
        const mappings = pairs.map(([ip, containerIp]) => ({
          protocol,
          hostIp: ip,
          hostPort,
          containerIp,
          containerPort,
          count: 1,
        }));
        claimed.push({ request, hostPort, mappings });
      }
      return claimed;
    } catch (err) {
      this.#giveBack(claimed.flatMap(({ mappings }) => mappings));
      throw err;
    }
  }

  #giveBack(mappings: readonly PortMapping[]): void {
    for (const { protocol, hostIp, hostPort } of mappings)
      this.#networks.ports.release(protocol, hostIp, hostPort);
  }

  /** All of them, or none and the first that was refused. */
  async #hold(id: string, mappings: readonly PortMapping[]): Promise<Busy | undefined> {
    const relayed = mappings.filter(needsRelay);
    const others = mappings.filter((mapping) => !needsRelay(mapping));
    const [refused] = await this.#monitor.hold(id, others.map(heldPort));
    if (refused !== undefined) {
      const mapping = others[refused.index];
      if (mapping !== undefined) return { mapping, inUse: refused.inUse, message: refused.message };
    }
    const busy = await this.#openRelays(id, relayed);
    if (busy !== undefined) await this.#monitor.hold(id, []);
    return busy;
  }

  async #openRelays(id: string, mappings: readonly PortMapping[]): Promise<Busy | undefined> {
    const relays: Relay[] = [];
    this.#relays.set(id, relays);
    for (const mapping of mappings) {
      try {
        const relay = await openRelay(this.#host.log, mapping);
        if (relay !== undefined) relays.push(relay);
      } catch (err) {
        this.#closeRelays(id);
        if (err instanceof RelayPortError) return { mapping, inUse: err.inUse, message: err.message };
        throw err;
      }
    }
    return undefined;
  }

  #closeRelays(id: string): void {
    for (const relay of this.#relays.get(id) ?? []) relay.close();
    this.#relays.delete(id);
  }
}

type Busy = { readonly mapping: PortMapping; readonly inUse: boolean; readonly message: string };

function refusal({ mapping: { hostIp, hostPort, protocol }, inUse, message }: Busy): SystemError {
  const address = hostIp.includes(":") ? `[${hostIp}]` : hostIp;
  const why = inUse ? "address already in use" : message;
  return new SystemError(`failed to bind host port ${address}:${hostPort}/${protocol}: ${why}`);
}

function heldPort({ protocol, hostIp, hostPort }: PortMapping): HeldPort {
  return { protocol, address: [...addressBytes(hostIp)], port: hostPort };
}

/** The container's address of the host address's family, or of the other where a relay can lead there. */
function pairOf(
  protocol: Protocol,
  hostIp: string,
  { ipv4, ipv6 }: PortTarget,
): [hostIp: string, containerIp: string][] {
  const [same, other] = parseAddress(hostIp).family === 4 ? [ipv4, ipv6] : [ipv6, ipv4];
  const containerIp = same ?? (protocol === "sctp" ? undefined : other);
  return containerIp === undefined ? [] : [[hostIp, containerIp]];
}
