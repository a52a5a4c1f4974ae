// The kernel's table of connections (include/uapi/linux/netfilter/nfnetlink_conntrack.h), as far as UDP needs a hand: what
// was sent to a port before it was published, or while another container had it, goes where it went for as long as it comes.
import { NETLINK_NETFILTER } from "../sys/netlink-socket.ts";
import { AF_INET, AF_INET6 } from "./address.ts";
import { decodeAttributes, u32, u8, type Attribute } from "./attribute.ts";
import { bodyOf, splitBody, type Request } from "./message.ts";
import { Rtnetlink } from "./rtnetlink.ts";

const subsystem = 1 << 8;
const IPCTNL_MSG_CT_GET = subsystem | 1;
const IPCTNL_MSG_CT_DELETE = subsystem | 2;
const CTA_TUPLE_ORIG = 1;
const CTA_FILTER = 25;
const CTA_TUPLE_PROTO = 2;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_DST_PORT = 3;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_FILTER_F_CTA_PROTO_NUM = 1 << 3;
const IPPROTO_UDP = 17;
const nfgenmsgBytes = 4;

/** Has the kernel forget all UDP flows to ports for which `isMeant` says so. @returns how many. */
export function forgetUdpFlows(family: 4 | 6, isMeant: (port: number) => boolean): number {
  using netfilter = new Rtnetlink(NETLINK_NETFILTER);
  let forgotten = 0;
  for (const { body } of netfilter.dump(udpFlows(family))) {
    const tuple = splitBody(body, nfgenmsgBytes).attributes.get(CTA_TUPLE_ORIG);
    const port = tuple === undefined ? undefined : udpPortOf(tuple);
    if (tuple === undefined || port === undefined || !isMeant(port)) continue;
    try {
      netfilter.perform(forget(family, tuple));
      forgotten += 1;
    } catch {
      // It has ended by itself meanwhile.
    }
  }
  return forgotten;
}

/** Before Linux 5.8 the kernel tells all there are, of every protocol. */
function udpFlows(family: 4 | 6): Request {
  const proto: Attribute = {
    type: CTA_TUPLE_PROTO,
    value: [{ type: CTA_PROTO_NUM, value: u8(IPPROTO_UDP) }],
  };
  return {
    what: "list UDP flows",
    type: IPCTNL_MSG_CT_GET,
    flags: 0,
    body: bodyOf(nfgenmsg(family), [
      { type: CTA_TUPLE_ORIG, value: [proto] },
      { type: CTA_FILTER, value: [{ type: CTA_FILTER_ORIG_FLAGS, value: u32(CTA_FILTER_F_CTA_PROTO_NUM) }] },
    ]),
  };
}

function forget(family: 4 | 6, tuple: Uint8Array): Request {
  return {
    what: "forget UDP flow",
    type: IPCTNL_MSG_CT_DELETE,
    flags: 0,
    body: bodyOf(nfgenmsg(family), [{ type: CTA_TUPLE_ORIG | NLA_F_NESTED, value: tuple }]),
  };
}

/** The tuple comes as the bytes of its attributes and goes back as they are. */
const NLA_F_NESTED = 0x8000;

/** In network order, as everything of nfnetlink. */
function udpPortOf(tuple: Uint8Array): number | undefined {
  const proto = decodeAttributes(tuple).get(CTA_TUPLE_PROTO);
  const parts = proto === undefined ? undefined : decodeAttributes(proto);
  const port = parts?.get(CTA_PROTO_DST_PORT);
  if (parts?.get(CTA_PROTO_NUM)?.[0] !== IPPROTO_UDP || port === undefined || port.length < 2)
    return undefined;
  return new DataView(port.buffer, port.byteOffset).getUint16(0);
}

/** struct nfgenmsg: family, version 0, resource id. */
function nfgenmsg(family: 4 | 6): Uint8Array {
  return Uint8Array.of(family === 4 ? AF_INET : AF_INET6, 0, 0, 0);
}
