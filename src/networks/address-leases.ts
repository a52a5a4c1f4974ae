// Which container has which addresses, on every network. In memory only: the records of running containers tell it again.
import { AddressPool } from "./address-pool.ts";
import type { Lease } from "./endpoint-plan.ts";
import { InvalidParameterError } from "../base/errors.ts";
import { poolsOf, type AddressedNetworkRecord, type IpamPool } from "./network-record.ts";
import { contains, formatAddress, parseAddress, parseSubnet, type Address, type Family } from "./subnet.ts";

type Source = { readonly ipam: IpamPool; readonly pool: AddressPool };
type Held = { readonly pool: AddressPool; readonly address: bigint };

export class AddressLeases {
  readonly #sources = new Map<string, readonly Source[]>();
  /** By container, then network. */
  readonly #held = new Map<string, Map<string, readonly Held[]>>();

  /** One address of each family that the network has. All or none. `foreign`: IPv4 addresses that others have there. */
  take(
    containerId: string,
    network: AddressedNetworkRecord,
    wanted: { readonly ipv4?: string | undefined; readonly ipv6?: string | undefined },
    foreign?: ReadonlySet<bigint>,
  ): Lease[] {
    const held: Held[] = [];
    try {
      const leases = ([4, 6] as const).flatMap((family) => {
        const text = family === 4 ? wanted.ipv4 : wanted.ipv6;
        const asked = text === undefined ? undefined : parseAddress(text);
        if (asked === undefined && poolsOf(network, family).length === 0) return [];
        const { ipam, pool } = this.#sourceFor(network, family, asked);
        const address = pool.allocate(asked?.value, family === 4 ? foreign : undefined);
        held.push({ pool, address });
        return [{ address: { family, value: address }, subnet: ipam.subnet, gateway: ipam.gateway }];
      });
      this.#note(containerId, network.id, held);
      return leases;
    } catch (err) {
      for (const { pool, address } of held) pool.release(address);
      throw err;
    }
  }

  adopt(containerId: string, network: AddressedNetworkRecord, addresses: readonly Address[]): void {
    const held = addresses.flatMap((address) =>
      this.#sourcesOf(network)
        .filter(({ pool }) => contains(pool.subnet, address))
        .map(({ pool }) => {
          pool.adopt(address.value);
          return { pool, address: address.value };
        }),
    );
    this.#note(containerId, network.id, held);
  }

  release(containerId: string, networkId: string): void {
    const networks = this.#held.get(containerId);
    for (const { pool, address } of networks?.get(networkId) ?? []) pool.release(address);
    networks?.delete(networkId);
  }

  releaseAll(containerId: string): void {
    for (const networkId of this.#held.get(containerId)?.keys() ?? []) this.release(containerId, networkId);
    this.#held.delete(containerId);
  }

  forgetNetwork(networkId: string): void {
    this.#sources.delete(networkId);
  }

  /** The pool that the wanted address lies in; else the first, as Docker. */
  #sourceFor(network: AddressedNetworkRecord, family: Family, asked: Address | undefined): Source {
    const sources = this.#sourcesOf(network).filter(({ pool }) => pool.subnet.family === family);
    const source =
      asked === undefined ? sources[0] : sources.find(({ pool }) => contains(pool.subnet, asked));
    if (source !== undefined) return source;
    throw new InvalidParameterError(
      `no configured subnet contains IP address ${asked === undefined ? "" : formatAddress(asked)}`,
    );
  }

  #sourcesOf(network: AddressedNetworkRecord): readonly Source[] {
    const known = this.#sources.get(network.id);
    if (known !== undefined) return known;
    const sources = network.pools.map((ipam) => ({ ipam, pool: poolFor(ipam) }));
    this.#sources.set(network.id, sources);
    return sources;
  }

  #note(containerId: string, networkId: string, held: readonly Held[]): void {
    const networks = this.#held.get(containerId) ?? new Map<string, readonly Held[]>();
    this.#held.set(containerId, networks.set(networkId, held));
  }
}

function poolFor({ subnet, gateway, range, auxiliary = {} }: IpamPool): AddressPool {
  const reserved = [gateway, ...Object.values(auxiliary)]
    .filter((text) => text !== "")
    .map((text) => parseAddress(text).value);
  return new AddressPool(parseSubnet(subnet), reserved, range === undefined ? undefined : parseSubnet(range));
}
