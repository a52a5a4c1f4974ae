// Who has which address of a subnet. Addresses are given out round and round (2013): one that was just released comes
// up again last, so that nobody talks to a newcomer under the address of one who left.
import { ConflictError, InvalidParameterError, SystemError } from "../base/errors.ts";
import { contains, formatAddress, formatSubnet, lastAddress, sizeOf, type Subnet } from "./subnet.ts";

/** First and last address that may be given out. */
type Span = { readonly first: bigint; readonly last: bigint };

/**
 * The next free address after `cursor`, wrapping around; `undefined` when all are taken.
 */
export function nextAddress(
  { first, last }: Span,
  taken: ReadonlySet<bigint>,
  cursor: bigint,
): bigint | undefined {
  const count = last - first + 1n;
  if (count <= 0n) return undefined;
  const start = cursor >= first && cursor <= last ? cursor - first + 1n : 0n;
  // As many steps as there are addresses, or as are taken and one more: whichever is fewer finds one if there is one.
  const steps = count < BigInt(taken.size + 1) ? count : BigInt(taken.size + 1);
  for (let step = 0n; step < steps; step++) {
    const candidate = first + ((start + step) % count);
    if (!taken.has(candidate)) return candidate;
  }
  return undefined;
}

/** Network and broadcast address belong to nobody in IPv4; in IPv6 the first is every router's (RFC 4291, 2.6.1). */
function spanOf(subnet: Subnet, range: Subnet): Span {
  const lowest = subnet.base + (sizeOf(subnet) > 2n ? 1n : 0n);
  const highest = lastAddress(subnet) - (subnet.family === 4 && sizeOf(subnet) > 2n ? 1n : 0n);
  const [first, last] = [range.base, lastAddress(range)];
  return { first: first < lowest ? lowest : first, last: last > highest ? highest : last };
}

/** Kept in memory only: after a restart the daemon adopts the addresses that its records of running containers tell. */
export class AddressPool {
  readonly subnet: Subnet;
  readonly #span: Span;
  readonly #whole: Span;
  readonly #reserved: ReadonlySet<bigint>;
  readonly #taken: Set<bigint>;
  #cursor: bigint;

  /** `reserved` is never given out: gateway and auxiliary addresses. `range` is where addresses that nobody chose come from. */
  constructor(subnet: Subnet, reserved: readonly bigint[], range: Subnet = subnet) {
    this.subnet = subnet;
    this.#span = spanOf(subnet, range);
    this.#whole = spanOf(subnet, subnet);
    this.#reserved = new Set(reserved);
    this.#taken = new Set(reserved);
    this.#cursor = this.#span.first - 1n;
  }

  /**
   * Takes the next address, or the one that is wanted: ConflictError when somebody has it. `foreign` ones are others' for
   * this time.
   */
  allocate(wanted?: bigint, foreign: ReadonlySet<bigint> = new Set()): bigint {
    if (wanted === undefined) return this.#next(foreign);
    const { family } = this.subnet;
    if (!contains(this.subnet, { family, value: wanted }))
      throw new InvalidParameterError(
        `no configured subnet contains IP address ${formatAddress({ family, value: wanted })}`,
      );
    if (
      this.#taken.has(wanted) ||
      foreign.has(wanted) ||
      wanted < this.#whole.first ||
      wanted > this.#whole.last
    )
      throw new ConflictError("Address already in use");
    this.#taken.add(wanted);
    return wanted;
  }

  #next(foreign: ReadonlySet<bigint>): bigint {
    const taken = foreign.size === 0 ? this.#taken : this.#taken.union(foreign);
    const address = nextAddress(this.#span, taken, this.#cursor);
    if (address === undefined)
      throw new SystemError(
        `no available IPv${this.subnet.family} addresses on this network's address pools: ${formatSubnet(this.subnet)}`,
      );
    this.#cursor = address;
    this.#taken.add(address);
    return address;
  }

  /** Notes an address that is in use already; the walk goes on behind it. */
  adopt(address: bigint): void {
    this.#taken.add(address);
    if (address >= this.#span.first && address <= this.#span.last && address > this.#cursor)
      this.#cursor = address;
  }

  /** Fine when it is free already. */
  release(address: bigint): void {
    if (!this.#reserved.has(address)) this.#taken.delete(address);
  }
}
