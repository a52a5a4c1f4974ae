// Addresses of links, IPv4 and IPv6 (include/uapi/linux/if_addr.h).
import { fromByteArray, IPv4, parse } from "ipaddr.js";
import { NetlinkFormatError, u32, type AttributeMap } from "./attribute.ts";
import { bodyOf, NLM_F_CREATE, NLM_F_EXCL, splitBody, type Request } from "./message.ts";

export const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;

export const AF_INET = 2;
export const AF_INET6 = 10;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFA_FLAGS = 8;
const IFA_F_NODAD = 0x02;
const ifaddrmsgBytes = 8;

export type InterfaceAddress = {
  readonly linkIndex: number;
  /** `172.18.0.1` or `fe80::1`. */
  readonly address: string;
  readonly prefixLength: number;
};

/**
 * Gives a link an address and so the route to its neighbours. EEXIST when it has that address already. One of IPv6 can be
 * used at once: who gives it out knows that nobody else has it, and the kernel's own search for doubles takes a second.
 */
export function addAddress({ linkIndex, address, prefixLength }: InterfaceAddress): Request {
  const local = addressBytes(address);
  const broadcast = local.length === 4 && prefixLength < 31 ? broadcastOf(local, prefixLength) : undefined;
  return {
    what: `add address ${address}/${prefixLength}`,
    type: RTM_NEWADDR,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: bodyOf(ifaddrmsg(local, prefixLength, linkIndex), [
      { type: IFA_LOCAL, value: local },
      { type: IFA_ADDRESS, value: local },
      ...(broadcast === undefined ? [] : [{ type: IFA_BROADCAST, value: broadcast }]),
      ...(local.length === 16 ? [{ type: IFA_FLAGS, value: u32(IFA_F_NODAD) }] : []),
    ]),
  };
}

/** EADDRNOTAVAIL when the link has no such address. */
export function removeAddress({ linkIndex, address, prefixLength }: InterfaceAddress): Request {
  const local = addressBytes(address);
  return {
    what: `remove address ${address}/${prefixLength}`,
    type: RTM_DELADDR,
    flags: 0,
    body: bodyOf(ifaddrmsg(local, prefixLength, linkIndex), [{ type: IFA_LOCAL, value: local }]),
  };
}

/** For a dump of the addresses of all links, both families. */
export const getAddresses: Request = {
  what: "list addresses",
  type: RTM_GETADDR,
  flags: 0,
  body: new Uint8Array(ifaddrmsgBytes),
};

/** Reads the body of an RTM_NEWADDR message; `undefined` for a family that is not IP. */
export function decodeAddress(body: Uint8Array): InterfaceAddress | undefined {
  const { header, attributes } = splitBody(body, ifaddrmsgBytes);
  const family = header.getUint8(0);
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  // IFA_ADDRESS is the far end of a point-to-point link; IPv6 has no IFA_LOCAL otherwise.
  const address = addressText(attributes, IFA_LOCAL, family) ?? addressText(attributes, IFA_ADDRESS, family);
  if (address === undefined) throw new NetlinkFormatError("an address message without its address");
  return { linkIndex: header.getUint32(4, true), address, prefixLength: header.getUint8(1) };
}

/** The 4 or 16 bytes of an IP address in its usual notation. */
export function addressBytes(address: string): Uint8Array {
  return Uint8Array.from(parse(address).toByteArray());
}

/** The address in an attribute, which must have the size that its family says. */
export function addressText(attributes: AttributeMap, type: number, family: number): string | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  if (value.length !== (family === AF_INET ? 4 : 16))
    throw new NetlinkFormatError(`an address of ${value.length} bytes`);
  return fromByteArray([...value]).toString();
}

function broadcastOf(address: Uint8Array, prefixLength: number): Uint8Array {
  const mask = IPv4.subnetMaskFromPrefixLength(prefixLength).octets;
  return address.map((byte, index) => byte | (~(mask[index] ?? 0) & 0xff));
}

/** struct ifaddrmsg: family, prefix length, flags, scope, link. */
function ifaddrmsg(address: Uint8Array, prefixLength: number, linkIndex: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(ifaddrmsgBytes));
  view.setUint8(0, address.length === 4 ? AF_INET : AF_INET6);
  view.setUint8(1, prefixLength);
  view.setUint32(4, linkIndex, true);
  return new Uint8Array(view.buffer);
}
