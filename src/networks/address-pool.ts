// Who has which address of a subnet. Addresses are given out round and round (2013): one that was just released comes
// up again last, so that nobody talks to a newcomer under the address of one who left.
import { ConflictError, InvalidParameterError, SystemError } from "../base/errors.ts";
import { contains, formatAddress, formatSubnet, lastAddress, type Subnet } from "./subnet.ts";

/**
 * The next free address after `cursor`, wrapping around; `undefined` when all are taken.
 * The network's own address and the broadcast address are never given out.
 */
export function nextAddress(subnet: Subnet, taken: ReadonlySet<number>, cursor: number): number | undefined {
  const first = subnet.base + 1;
  const count = lastAddress(subnet) - first;
  const start = cursor >= first && cursor < first + count ? cursor - first + 1 : 0;
  // As many steps as there are addresses, or as are taken and one more: whichever is fewer finds one if there is one.
  for (let step = 0; step < Math.min(count, taken.size + 1); step++) {
    const candidate = first + ((start + step) % count);
    if (!taken.has(candidate)) return candidate;
  }
  return undefined;
}

/** Kept in memory only: after a restart the daemon adopts the addresses that its records of running containers tell. */
export class AddressPool {
  readonly subnet: Subnet;
  readonly #taken: Set<number>;
  #cursor: number;

  /** `reserved` is never given out: the gateway. */
  constructor(subnet: Subnet, reserved: readonly number[]) {
    this.subnet = subnet;
    this.#taken = new Set(reserved);
    this.#cursor = subnet.base;
  }

  /** Takes the next address, or the one that is wanted: ConflictError when somebody has it. */
  allocate(wanted?: number): number {
    if (wanted === undefined) {
      const address = nextAddress(this.subnet, this.#taken, this.#cursor);
      if (address === undefined)
        throw new SystemError(
          `no available IPv4 addresses on this network's address pools: ${formatSubnet(this.subnet)}`,
        );
      this.#cursor = address;
      this.#taken.add(address);
      return address;
    }
    if (!contains(this.subnet, wanted))
      throw new InvalidParameterError(`no configured subnet contains IP address ${formatAddress(wanted)}`);
    if (this.#taken.has(wanted) || wanted === this.subnet.base || wanted === lastAddress(this.subnet))
      throw new ConflictError("Address already in use");
    this.#taken.add(wanted);
    return wanted;
  }

  /** Notes an address that is in use already; the walk goes on behind it. */
  adopt(address: number): void {
    this.#taken.add(address);
    if (contains(this.subnet, address)) this.#cursor = Math.max(this.#cursor, address);
  }

  /** Fine when it is free already. */
  release(address: number): void {
    this.#taken.delete(address);
  }
}
