// IP ranges as numbers: an address is 32 or 128 bits, a subnet its first address and how many bits of it are fixed.
import ipaddr from "ipaddr.js";
import { InvalidParameterError } from "../base/errors.ts";

export type Family = 4 | 6;

export type Address = { readonly family: Family; readonly value: bigint };

export type Subnet = {
  readonly family: Family;
  /** The network's own address: the host bits are 0. */
  readonly base: bigint;
  readonly prefixLength: number;
};

/** An address with the subnet it lives in: `10.1.0.1/24`. */
export type AddressInSubnet = { readonly address: bigint; readonly subnet: Subnet };

export function addressBits(family: Family): number {
  return family === 4 ? 32 : 128;
}

/** Whether the text is an address at all, of the family if one is given. Zones (`fe80::1%eth0`) are not ours. */
export function isAddress(text: string, family?: Family): boolean {
  if (family !== 6 && ipaddr.IPv4.isValidFourPartDecimal(text)) return true;
  return family !== 4 && ipaddr.IPv6.isValid(text) && !text.includes("%");
}

/** Four decimal parts (`010` is not 8 here, nor is `10.1` an address), or IPv6 in any of its notations. */
export function parseAddress(text: string): Address {
  if (!isAddress(text)) throw new InvalidParameterError(`invalid IP address: ${JSON.stringify(text)}`);
  const bytes = ipaddr.parse(text).toByteArray();
  const value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return { family: bytes.length === 4 ? 4 : 6, value };
}

export function formatAddress({ family, value }: Address): string {
  const bytes = Array.from({ length: addressBits(family) / 8 }, (_, at) =>
    Number((value >> BigInt(addressBits(family) - 8 * (at + 1))) & 0xffn),
  );
  return ipaddr.fromByteArray(bytes).toString();
}

/** Reads `10.1.0.1/24`: the address as it stands there and the subnet around it. */
export function parseAddressInSubnet(text: string): AddressInSubnet {
  const [address = "", prefix = "", ...rest] = text.split("/");
  if (!/^\d{1,3}$/.test(prefix) || rest.length > 0 || !isAddress(address)) throw invalidCidr(text);
  const { family, value } = parseAddress(address);
  const prefixLength = Number(prefix);
  if (prefixLength > addressBits(family)) throw invalidCidr(text);
  return { address: value, subnet: subnetAround({ family, value }, prefixLength) };
}

function invalidCidr(text: string): InvalidParameterError {
  return new InvalidParameterError(`invalid CIDR address: ${text}`);
}

export function parseSubnet(text: string): Subnet {
  return parseAddressInSubnet(text).subnet;
}

export function formatSubnet({ family, base, prefixLength }: Subnet): string {
  return `${formatAddress({ family, value: base })}/${prefixLength}`;
}

/** The subnet of this size that the address lies in. */
export function subnetAround({ family, value }: Address, prefixLength: number): Subnet {
  const hostBits = BigInt(addressBits(family) - prefixLength);
  return { family, base: (value >> hostBits) << hostBits, prefixLength };
}

/** How many addresses there are in it. */
export function sizeOf({ family, prefixLength }: Subnet): bigint {
  return 1n << BigInt(addressBits(family) - prefixLength);
}

/** The highest address: the broadcast address of an IPv4 subnet that has one. */
export function lastAddress(subnet: Subnet): bigint {
  return subnet.base + sizeOf(subnet) - 1n;
}

export function contains(subnet: Subnet, { family, value }: Address): boolean {
  return family === subnet.family && value >= subnet.base && value <= lastAddress(subnet);
}

export function overlap(one: Subnet, other: Subnet): boolean {
  return one.family === other.family && one.base <= lastAddress(other) && other.base <= lastAddress(one);
}
