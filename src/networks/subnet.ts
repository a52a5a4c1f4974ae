// IPv4 ranges as numbers: an address is 32 bits, a subnet its first address and how many bits of it are fixed.
import { IPv4 } from "ipaddr.js";
import { InvalidParameterError } from "../base/errors.ts";

export type Subnet = {
  /** The network's own address: the host bits are 0. */
  readonly base: number;
  readonly prefixLength: number;
};

/** An address with the subnet it lives in: `10.1.0.1/24`. */
export type AddressInSubnet = { readonly address: number; readonly subnet: Subnet };

/** 2887843842 for `172.33.0.2`; four decimal parts and nothing else (`010` is not 8 here, nor is `10.1` an address). */
export function parseAddress(text: string): number {
  if (!IPv4.isValidFourPartDecimal(text))
    throw new InvalidParameterError(`invalid IPv4 address: ${JSON.stringify(text)}`);
  return IPv4.parse(text).octets.reduce((address, octet) => address * 256 + octet, 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

/** Reads `10.1.0.1/24`: the address as it stands there and the subnet around it. */
export function parseAddressInSubnet(text: string): AddressInSubnet {
  const [address = "", prefix = "", ...rest] = text.split("/");
  const prefixLength = Number(prefix);
  if (!/^\d{1,2}$/.test(prefix) || prefixLength > 32 || rest.length > 0)
    throw new InvalidParameterError(`invalid CIDR address: ${text}`);
  const number = parseAddress(address);
  return { address: number, subnet: subnetAround(number, prefixLength) };
}

export function parseSubnet(text: string): Subnet {
  return parseAddressInSubnet(text).subnet;
}

export function formatSubnet({ base, prefixLength }: Subnet): string {
  return `${formatAddress(base)}/${prefixLength}`;
}

/** The subnet of this size that the address lies in. */
export function subnetAround(address: number, prefixLength: number): Subnet {
  const size = 2 ** (32 - prefixLength);
  return { base: address - (address % size), prefixLength };
}

/** The highest address: the broadcast address of a subnet that has one. */
export function lastAddress({ base, prefixLength }: Subnet): number {
  return base + 2 ** (32 - prefixLength) - 1;
}

export function contains(subnet: Subnet, address: number): boolean {
  return address >= subnet.base && address <= lastAddress(subnet);
}

export function overlap(one: Subnet, other: Subnet): boolean {
  return one.base <= lastAddress(other) && other.base <= lastAddress(one);
}
