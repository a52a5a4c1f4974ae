// Rules that choose the routing table of an IPv4 packet (include/uapi/linux/fib_rules.h).
import { addressBytes, AF_INET } from "./address.ts";
import { text, u32, type Attribute } from "./attribute.ts";
import { bodyOf, NLM_F_CREATE, NLM_F_EXCL, type Request } from "./message.ts";

const RTM_NEWRULE = 32;
const RTM_DELRULE = 33;
const FRA_DST = 1;
const FRA_IIFNAME = 3;
const FRA_PRIORITY = 6;
const FR_ACT_TO_TBL = 1;
const FR_ACT_BLACKHOLE = 6;
const fibRuleHeaderBytes = 12;

/** Looks a packet's destination up in a table: the rule that is there from the beginning has `RT_TABLE_LOCAL` at 0. */
export type TableRule = { readonly priority: number; readonly table: number };

/** EEXIST where it is there. */
export function addTableRule({ priority, table }: TableRule): Request {
  return {
    what: `look up table ${table} at ${priority}`,
    type: RTM_NEWRULE,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: ruleBody({ action: FR_ACT_TO_TBL, table }, [{ type: FRA_PRIORITY, value: u32(priority) }]),
  };
}

/** ENOENT where it is not there. */
export function removeTableRule({ priority, table }: TableRule): Request {
  return {
    what: `no more look up table ${table} at ${priority}`,
    type: RTM_DELRULE,
    flags: 0,
    body: ruleBody({ action: FR_ACT_TO_TBL, table }, [{ type: FRA_PRIORITY, value: u32(priority) }]),
  };
}

/** Drops what comes in by an interface for a range of addresses. EEXIST where it is there. */
export function addDropRule(
  priority: number,
  comesBy: string,
  range: { readonly address: string; readonly prefixLength: number },
): Request {
  return {
    what: `drop what comes by ${comesBy} for ${range.address}/${range.prefixLength}`,
    type: RTM_NEWRULE,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: ruleBody({ action: FR_ACT_BLACKHOLE, table: 0, destinationLength: range.prefixLength }, [
      { type: FRA_PRIORITY, value: u32(priority) },
      { type: FRA_IIFNAME, value: text(comesBy) },
      { type: FRA_DST, value: addressBytes(range.address) },
    ]),
  };
}

function ruleBody(
  rule: { readonly action: number; readonly table: number; readonly destinationLength?: number },
  attributes: readonly Attribute[],
): Uint8Array {
  const view = new DataView(new ArrayBuffer(fibRuleHeaderBytes));
  view.setUint8(0, AF_INET);
  view.setUint8(1, rule.destinationLength ?? 0);
  view.setUint8(4, rule.table);
  view.setUint8(7, rule.action);
  return bodyOf(new Uint8Array(view.buffer), attributes);
}
