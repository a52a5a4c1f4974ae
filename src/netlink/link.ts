// Links: bridges, veth pairs and loopback, as requests to the kernel and as what it tells of them
// (include/uapi/linux/if_link.h, rtnetlink(7)).
import {
  decodeAttributes,
  readText,
  readU32,
  text,
  u16,
  u32,
  u8,
  type Attribute,
  type AttributeMap,
} from "./attribute.ts";
import { bodyOf, NLM_F_CREATE, NLM_F_EXCL, splitBody, type Request } from "./message.ts";

export const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
const RTM_SETLINK = 19;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_MASTER = 10;
const IFLA_OPERSTATE = 16;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_AF_SPEC = 26;
const IFLA_NET_NS_FD = 28;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
/** IF_OPER_UP of RFC 2863. */
const operationalState = 6;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_INFO_SLAVE_DATA = 5;
const IFLA_LINK = 5;
const VETH_INFO_PEER = 1;
const IFLA_BRPORT_MODE = 4;
const IFLA_BRPORT_ISOLATED = 33;
const IFLA_MACVLAN_MODE = 1;
const IFLA_IPVLAN_MODE = 1;
const IFLA_VLAN_ID = 1;
const AF_INET6 = 10;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IN6_ADDR_GEN_MODE_NONE = 1;
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const ifinfomsgBytes = 16;

/** Which link is meant: its number in its namespace, or its name there. */
export type LinkRef = number | string;

export type Link = {
  readonly index: number;
  readonly name: string;
  readonly mtu: number;
  /** `02:42:ac:12:00:02`; empty for a link that has none. */
  readonly mac: string;
  readonly up: boolean;
  /** Frames pass: it has a carrier, and the kernel has acted on that. */
  readonly operational: boolean;
  readonly loopback: boolean;
  /** `bridge`, `veth`…; undefined for a physical device and for loopback. */
  readonly kind: string | undefined;
  /** The free text that says whose it is. */
  readonly alias: string | undefined;
  /** The number of the bridge that it is a port of. */
  readonly master: number | undefined;
};

export type VethEnd = {
  readonly name: string;
  readonly mac?: string;
  /** Where this end lives: an open namespace file. Without it, where the request is made. */
  readonly netnsFd?: number;
};

/** A bridge with the kernel's defaults: no spanning tree, and so no delay before a new port forwards. */
export function createBridge(
  name: string,
  options: { readonly mtu?: number; readonly mac?: string } = {},
): Request {
  const { mtu, mac } = options;
  return {
    what: `create bridge ${name}`,
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: bodyOf(ifinfomsg(), [
      { type: IFLA_IFNAME, value: text(name) },
      ...(mtu === undefined ? [] : [{ type: IFLA_MTU, value: u32(mtu) }]),
      ...(mac === undefined ? [] : [{ type: IFLA_ADDRESS, value: macBytes(mac) }]),
      { type: IFLA_LINKINFO, value: [{ type: IFLA_INFO_KIND, value: text("bridge") }] },
    ]),
  };
}

/**
 * A pair of connected links, the peer directly in its own namespace and under its final name. EEXIST when a name is
 * taken. Both ends are down: the kernel refuses to raise one before the pair is complete.
 */
export function createVeth(end: VethEnd, peer: VethEnd, mtu: number): Request {
  const peerBody = bodyOf(ifinfomsg(), endAttributes(peer, mtu));
  return {
    what: `create veth ${end.name}`,
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: bodyOf(ifinfomsg(), [
      ...endAttributes(end, mtu),
      {
        type: IFLA_LINKINFO,
        value: [
          { type: IFLA_INFO_KIND, value: text("veth") },
          { type: IFLA_INFO_DATA, value: [{ type: VETH_INFO_PEER, value: peerBody }] },
        ],
      },
    ]),
  };
}

function endAttributes({ name, mac, netnsFd }: VethEnd, mtu: number): Attribute[] {
  return [
    { type: IFLA_IFNAME, value: text(name) },
    { type: IFLA_MTU, value: u32(mtu) },
    ...(mac === undefined ? [] : [{ type: IFLA_ADDRESS, value: macBytes(mac) }]),
    ...(netnsFd === undefined ? [] : [{ type: IFLA_NET_NS_FD, value: u32(netnsFd) }]),
  ];
}

export type LinkChange = {
  readonly up?: boolean;
  /** The number of the bridge to make it a port of; 0 takes it out. */
  readonly master?: number;
  /** At most 255 bytes. */
  readonly alias?: string;
  /** `false`: no link-local IPv6 address of its own and so no traffic for it. Counts before the link goes up. */
  readonly ipv6LinkLocal?: boolean;
};

/** Changes a link, all in one request; the kernel applies `up` last. */
export function changeLink(link: LinkRef, change: LinkChange): Request {
  const { up, master, alias, ipv6LinkLocal } = change;
  const [index, naming] = refParts(link);
  const flags = up === true ? IFF_UP : 0;
  return {
    what: `change link ${link}`,
    type: RTM_SETLINK,
    flags: 0,
    body: bodyOf(ifinfomsg(flags, index, up === undefined ? 0 : IFF_UP), [
      ...naming,
      ...(alias === undefined ? [] : [{ type: IFLA_IFALIAS, value: Buffer.from(alias) }]),
      ...(ipv6LinkLocal === false ? [withoutIpv6LinkLocal] : []),
      ...(master === undefined ? [] : [{ type: IFLA_MASTER, value: u32(master) }]),
    ]),
  };
}

export type BridgePortOptions = {
  /** It can talk to the bridge itself, and to no other port that has this (Linux 4.18). */
  readonly isolated?: boolean;
  /** What came in by it may go out by it: for a container that calls itself by a published port, where bridged frames pass the firewall. */
  readonly hairpin?: boolean;
};

/** Changes how a bridge treats one of its ports. */
export function changeBridgePort(link: LinkRef, { isolated, hairpin }: BridgePortOptions): Request {
  const [index, naming] = refParts(link);
  const options = [
    ...(hairpin === undefined ? [] : [{ type: IFLA_BRPORT_MODE, value: u8(Number(hairpin)) }]),
    ...(isolated === undefined ? [] : [{ type: IFLA_BRPORT_ISOLATED, value: u8(Number(isolated)) }]),
  ];
  return {
    what: `change bridge port ${link}`,
    type: RTM_NEWLINK,
    flags: 0,
    body: bodyOf(ifinfomsg(0, index), [
      ...naming,
      {
        type: IFLA_LINKINFO,
        value: [
          { type: IFLA_INFO_SLAVE_KIND, value: text("bridge") },
          { type: IFLA_INFO_SLAVE_DATA, value: options },
        ],
      },
    ]),
  };
}

/** The modes of macvlan links by name (enum macvlan_mode). */
export const macvlanModes: Readonly<Record<string, number>> = {
  private: 1,
  vepa: 2,
  bridge: 4,
  passthru: 8,
};
/** enum ipvlan_mode. */
export const ipvlanModes: Readonly<Record<string, number>> = { l2: 0, l3: 1, l3s: 2 };

export type SubLink = {
  readonly kind: "macvlan" | "ipvlan";
  /** A name of `macvlanModes` or `ipvlanModes`. */
  readonly mode: string;
  /** The number of the link below. */
  readonly parent: number;
};

/** A second link on a physical one, directly in its namespace. EOPNOTSUPP where the kernel has no such kind. */
export function createSubLink(end: VethEnd, { kind, mode, parent }: SubLink, mtu: number): Request {
  const data =
    kind === "macvlan"
      ? { type: IFLA_MACVLAN_MODE, value: u32(macvlanModes[mode] ?? 0) }
      : { type: IFLA_IPVLAN_MODE, value: u16(ipvlanModes[mode] ?? 0) };
  return {
    what: `create ${kind} ${end.name}`,
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: bodyOf(ifinfomsg(), [
      ...endAttributes(end, mtu),
      { type: IFLA_LINK, value: u32(parent) },
      {
        type: IFLA_LINKINFO,
        value: [
          { type: IFLA_INFO_KIND, value: text(kind) },
          { type: IFLA_INFO_DATA, value: [data] },
        ],
      },
    ]),
  };
}

/** `eth0.50`: what is tagged with this VLAN on the link below. */
export function createVlan(name: string, parent: number, vlanId: number): Request {
  return {
    what: `create vlan ${name}`,
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: bodyOf(ifinfomsg(), [
      { type: IFLA_IFNAME, value: text(name) },
      { type: IFLA_LINK, value: u32(parent) },
      {
        type: IFLA_LINKINFO,
        value: [
          { type: IFLA_INFO_KIND, value: text("vlan") },
          { type: IFLA_INFO_DATA, value: [{ type: IFLA_VLAN_ID, value: u16(vlanId) }] },
        ],
      },
    ]),
  };
}

/** A link that leads nowhere: the parent of a network that has none. */
export function createDummy(name: string): Request {
  return {
    what: `create dummy ${name}`,
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: bodyOf(ifinfomsg(), [
      { type: IFLA_IFNAME, value: text(name) },
      { type: IFLA_LINKINFO, value: [{ type: IFLA_INFO_KIND, value: text("dummy") }] },
    ]),
  };
}

const withoutIpv6LinkLocal: Attribute = {
  type: IFLA_AF_SPEC,
  value: [{ type: AF_INET6, value: [{ type: IFLA_INET6_ADDR_GEN_MODE, value: u8(IN6_ADDR_GEN_MODE_NONE) }] }],
};

/** Of a veth pair both ends go, whichever is named. ENODEV when it is not there. */
export function deleteLink(link: LinkRef): Request {
  const [index, naming] = refParts(link);
  return {
    what: `delete link ${link}`,
    type: RTM_DELLINK,
    flags: 0,
    body: bodyOf(ifinfomsg(0, index), naming),
  };
}

/** Asks for one link; ENODEV when it is not there. */
export function getLink(link: LinkRef): Request {
  const [index, naming] = refParts(link);
  return {
    what: `find link ${link}`,
    type: RTM_GETLINK,
    flags: 0,
    body: bodyOf(ifinfomsg(0, index), naming),
  };
}

/** For a dump of all links. */
export const getLinks: Request = {
  what: "list links",
  type: RTM_GETLINK,
  flags: 0,
  body: bodyOf(ifinfomsg(), []),
};

/** Reads the body of an RTM_NEWLINK message. */
export function decodeLink(body: Uint8Array): Link {
  const { header, attributes } = splitBody(body, ifinfomsgBytes);
  const flags = header.getUint32(8, true);
  return {
    index: header.getInt32(4, true),
    name: readText(attributes, IFLA_IFNAME) ?? "",
    mtu: readU32(attributes, IFLA_MTU) ?? 0,
    mac: macText(attributes),
    up: (flags & IFF_UP) !== 0,
    operational: attributes.get(IFLA_OPERSTATE)?.[0] === operationalState,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    kind: kindOf(attributes),
    alias: readText(attributes, IFLA_IFALIAS),
    master: readU32(attributes, IFLA_MASTER),
  };
}

function kindOf(attributes: AttributeMap): string | undefined {
  const info = attributes.get(IFLA_LINKINFO);
  return info === undefined ? undefined : readText(decodeAttributes(info), IFLA_INFO_KIND);
}

function macText(attributes: AttributeMap): string {
  return Array.from(attributes.get(IFLA_ADDRESS) ?? [], (byte) => byte.toString(16).padStart(2, "0")).join(
    ":",
  );
}

function macBytes(mac: string): Uint8Array {
  return Uint8Array.from(mac.split(":"), (byte) => parseInt(byte, 16));
}

function refParts(link: LinkRef): [index: number, naming: Attribute[]] {
  return typeof link === "number" ? [link, []] : [0, [{ type: IFLA_IFNAME, value: text(link) }]];
}

/** struct ifinfomsg: family, padding, type, index, flags, which flags count. */
function ifinfomsg(flags = 0, index = 0, change = flags): Uint8Array {
  const view = new DataView(new ArrayBuffer(ifinfomsgBytes));
  view.setInt32(4, index, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, change, true);
  return new Uint8Array(view.buffer);
}
