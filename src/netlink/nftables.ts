// nftables' tables, chains and rules as netlink messages (include/uapi/linux/netfilter/nf_tables.h), for namespaces in which
// no program is to be run. A rule is a list of expressions, each with a register in common: load bytes of the packet,
// compare them or put others in their place.
import { AF_INET } from "./address.ts";
import { text, type Attribute } from "./attribute.ts";
import { bodyOf, NLM_F_CREATE, type Request } from "./message.ts";
import { NFNL_SUBSYS_NFTABLES, NFT_MSG_DELRULE, NFT_MSG_DELTABLE } from "./nftables-events.ts";
import type { Rtnetlink } from "./rtnetlink.ts";

const NFNL_MSG_BATCH_BEGIN = 0x10;
const NFNL_MSG_BATCH_END = 0x11;
const NFT_MSG_NEWTABLE = 0;
const NFT_MSG_NEWCHAIN = 3;
const NFT_MSG_NEWRULE = 6;
const NLM_F_APPEND = 0x800;
const NFTA_TABLE_NAME = 1;
const NFTA_CHAIN_TABLE = 1;
const NFTA_CHAIN_NAME = 3;
const NFTA_CHAIN_HOOK = 4;
const NFTA_CHAIN_TYPE = 7;
const NFTA_HOOK_HOOKNUM = 1;
const NFTA_HOOK_PRIORITY = 2;
const NFTA_RULE_TABLE = 1;
const NFTA_RULE_CHAIN = 2;
const NFTA_RULE_EXPRESSIONS = 4;
const NFTA_LIST_ELEM = 1;
const NFTA_EXPR_NAME = 1;
const NFTA_EXPR_DATA = 2;
const NFTA_PAYLOAD_DREG = 1;
const NFTA_PAYLOAD_BASE = 2;
const NFTA_PAYLOAD_OFFSET = 3;
const NFTA_PAYLOAD_LEN = 4;
const NFTA_PAYLOAD_SREG = 5;
const NFTA_PAYLOAD_CSUM_TYPE = 6;
const NFTA_PAYLOAD_CSUM_OFFSET = 7;
const NFT_PAYLOAD_CSUM_INET = 1;
const NFTA_CMP_SREG = 1;
const NFTA_CMP_OP = 2;
const NFTA_CMP_DATA = 3;
const NFT_CMP_EQ = 0;
const NFTA_IMMEDIATE_DREG = 1;
const NFTA_IMMEDIATE_DATA = 2;
const NFTA_DATA_VALUE = 1;
const NFT_REG_1 = 1;

const hooks = { output: 3, postrouting: 4 } as const;
const headers = { network: 1, transport: 2 } as const;

export type NftChain = {
  readonly table: string;
  readonly name: string;
  readonly hook: keyof typeof hooks;
  /** Lower comes first; the kernel's connection tracking is at -200. */
  readonly priority: number;
};

/** Some bytes of an IPv4 packet. */
export type Field = {
  readonly header: keyof typeof headers;
  readonly offset: number;
  /** Where the Internet checksum over the field is, in the same header; needed to put something else there. */
  readonly checksumAt?: number;
};

export type Expression = Attribute;

/** All of it is done or none. EOPNOTSUPP or EPROTONOSUPPORT where the kernel has no nftables; ENOENT for what is not there. */
export function performNft(netfilter: Rtnetlink, ...requests: readonly Request[]): void {
  netfilter.performTogether(
    bound("begin nftables batch", NFNL_MSG_BATCH_BEGIN),
    requests,
    bound("end nftables batch", NFNL_MSG_BATCH_END),
  );
}

/** Fine where it is there. */
export function addNftTable(name: string): Request {
  return request(`add table ${name}`, NFT_MSG_NEWTABLE, NLM_F_CREATE, [named(NFTA_TABLE_NAME, name)]);
}

/** With all that is in it. */
export function deleteNftTable(name: string): Request {
  return request(`delete table ${name}`, NFT_MSG_DELTABLE, 0, [named(NFTA_TABLE_NAME, name)]);
}

/** Fine where it is there. */
export function addNftChain({ table, name, hook, priority }: NftChain): Request {
  return request(`add chain ${name}`, NFT_MSG_NEWCHAIN, NLM_F_CREATE, [
    named(NFTA_CHAIN_TABLE, table),
    named(NFTA_CHAIN_NAME, name),
    {
      type: NFTA_CHAIN_HOOK,
      value: [number(NFTA_HOOK_HOOKNUM, hooks[hook]), number(NFTA_HOOK_PRIORITY, priority)],
    },
    named(NFTA_CHAIN_TYPE, "filter"),
  ]);
}

/** Takes away the rules of all chains of the table. */
export function flushNftTable(table: string): Request {
  return request(`flush table ${table}`, NFT_MSG_DELRULE, 0, [named(NFTA_RULE_TABLE, table)]);
}

/** Behind those that are there. */
export function addNftRule(
  { table, name }: Pick<NftChain, "table" | "name">,
  expressions: readonly (readonly Expression[])[],
): Request {
  return request(`add rule to ${name}`, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, [
    named(NFTA_RULE_TABLE, table),
    named(NFTA_RULE_CHAIN, name),
    { type: NFTA_RULE_EXPRESSIONS, value: expressions.flat() },
  ]);
}

/** Goes on with the rule only where these bytes are there. */
export function hasBytes(field: Field, bytes: Uint8Array): Expression[] {
  return [
    expression("payload", [...placeOf(field, bytes.length), number(NFTA_PAYLOAD_DREG, NFT_REG_1)]),
    expression("cmp", [
      number(NFTA_CMP_SREG, NFT_REG_1),
      number(NFTA_CMP_OP, NFT_CMP_EQ),
      { type: NFTA_CMP_DATA, value: [{ type: NFTA_DATA_VALUE, value: bytes }] },
    ]),
  ];
}

/** Puts these bytes there. */
export function putBytes(field: Field & { readonly checksumAt: number }, bytes: Uint8Array): Expression[] {
  return [
    expression("immediate", [
      number(NFTA_IMMEDIATE_DREG, NFT_REG_1),
      { type: NFTA_IMMEDIATE_DATA, value: [{ type: NFTA_DATA_VALUE, value: bytes }] },
    ]),
    expression("payload", [
      ...placeOf(field, bytes.length),
      number(NFTA_PAYLOAD_SREG, NFT_REG_1),
      number(NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET),
      number(NFTA_PAYLOAD_CSUM_OFFSET, field.checksumAt),
    ]),
  ];
}

function placeOf({ header, offset }: Field, length: number): Attribute[] {
  return [
    number(NFTA_PAYLOAD_BASE, headers[header]),
    number(NFTA_PAYLOAD_OFFSET, offset),
    number(NFTA_PAYLOAD_LEN, length),
  ];
}

function expression(name: string, data: readonly Attribute[]): Expression {
  return {
    type: NFTA_LIST_ELEM,
    value: [named(NFTA_EXPR_NAME, name), { type: NFTA_EXPR_DATA, value: data }],
  };
}

function named(type: number, name: string): Attribute {
  return { type, value: text(name) };
}

/** In network order, as everything of nfnetlink. */
function number(type: number, value: number): Attribute {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value);
  return { type, value: bytes };
}

function request(what: string, type: number, flags: number, attributes: readonly Attribute[]): Request {
  return {
    what,
    type: (NFNL_SUBSYS_NFTABLES << 8) | type,
    flags,
    // struct nfgenmsg: family, version 0, resource id.
    body: bodyOf(Uint8Array.of(AF_INET, 0, 0, 0), attributes),
  };
}

/** The resource id says whose batch it is. */
function bound(what: string, type: number): Request {
  return { what, type, flags: 0, body: Uint8Array.of(0, 0, 0, NFNL_SUBSYS_NFTABLES) };
}
