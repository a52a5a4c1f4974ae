// Routes, IPv4 and IPv6, of all tables (include/uapi/linux/rtnetlink.h).
import { addressBytes, addressText, AF_INET, AF_INET6 } from "./address.ts";
import { readU32, u32 } from "./attribute.ts";
import { bodyOf, NLM_F_CREATE, NLM_F_REPLACE, splitBody, type Request } from "./message.ts";

export const RTM_NEWROUTE = 24;
export const RTM_GETROUTE = 26;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PREFSRC = 7;
const RTA_TABLE = 15;
const RT_TABLE_MAIN = 254;
export const RT_TABLE_LOCAL = 255;
const RTPROT_BOOT = 3;
const RT_SCOPE_UNIVERSE = 0;
const RTN_UNICAST = 1;
const rtmsgBytes = 12;

export type Route = {
  readonly family: 4 | 6;
  /** Where it leads, `172.18.0.0`; `0.0.0.0` or `::` with prefix length 0 is the default route. */
  readonly destination: string;
  readonly prefixLength: number;
  readonly gateway: string | undefined;
  /** Undefined for a route over several links and for one that refuses. */
  readonly linkIndex: number | undefined;
  readonly table: number;
};

/** The default route of a namespace, in the place of another. ENETUNREACH when no link there reaches the gateway. */
export function setDefaultRoute(gateway: string): Request {
  const via = addressBytes(gateway);
  return {
    what: `set default route via ${gateway}`,
    type: RTM_NEWROUTE,
    flags: NLM_F_CREATE | NLM_F_REPLACE,
    body: bodyOf(unicastHeader(via.length, RT_TABLE_MAIN, 0), [{ type: RTA_GATEWAY, value: via }]),
  };
}

export type HostRoute = {
  /** The one address that it leads to. */
  readonly destination: string;
  readonly gateway: string;
  readonly linkIndex: number;
  /** The address that packets on it come from. */
  readonly source: string;
};

/** A route to an address that the namespace would take for its own (127.0.0.0/8), in the place of another. */
export function setRouteInLocalTable({ destination, gateway, linkIndex, source }: HostRoute): Request {
  const to = addressBytes(destination);
  return {
    what: `set route to ${destination} via ${gateway}`,
    type: RTM_NEWROUTE,
    flags: NLM_F_CREATE | NLM_F_REPLACE,
    body: bodyOf(unicastHeader(to.length, RT_TABLE_LOCAL, to.length * 8), [
      { type: RTA_DST, value: to },
      { type: RTA_GATEWAY, value: addressBytes(gateway) },
      { type: RTA_OIF, value: u32(linkIndex) },
      { type: RTA_PREFSRC, value: addressBytes(source) },
    ]),
  };
}

function unicastHeader(addressLength: number, table: number, prefixLength: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(rtmsgBytes));
  view.setUint8(0, addressLength === 4 ? AF_INET : AF_INET6);
  view.setUint8(1, prefixLength);
  view.setUint8(4, table);
  view.setUint8(5, RTPROT_BOOT);
  view.setUint8(6, RT_SCOPE_UNIVERSE);
  view.setUint8(7, RTN_UNICAST);
  return new Uint8Array(view.buffer);
}

/** For a dump of all routes of all tables, both families. */
export const getRoutes: Request = {
  what: "list routes",
  type: RTM_GETROUTE,
  flags: 0,
  body: new Uint8Array(rtmsgBytes),
};

/** Reads the body of an RTM_NEWROUTE message; `undefined` for a family that is not IP (MPLS, multicast). */
export function decodeRoute(body: Uint8Array): Route | undefined {
  const { header, attributes } = splitBody(body, rtmsgBytes);
  const family = header.getUint8(0);
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  return {
    family: family === AF_INET ? 4 : 6,
    destination: addressText(attributes, RTA_DST, family) ?? (family === AF_INET ? "0.0.0.0" : "::"),
    prefixLength: header.getUint8(1),
    gateway: addressText(attributes, RTA_GATEWAY, family),
    linkIndex: readU32(attributes, RTA_OIF),
    // Tables above 255 do not fit the header's byte.
    table: readU32(attributes, RTA_TABLE) ?? header.getUint8(4),
  };
}
