// `--subnet`, `--ip-range`, `--gateway` and `--aux-address` of `network create`, put together by subnet.

import ipaddr from "ipaddr.js";
import type { IpamConfigBody } from "../../spec/docker-resources.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";

type Draft = {
  Subnet: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
};

/** @throws CommandError in Docker's words for what belongs to no subnet. */
export function readIpamConfig(flags: Flags): readonly IpamConfigBody[] {
  const drafts: Draft[] = flags.list("subnet").map((Subnet) => ({ Subnet }));
  const ranges = flags.list("ip-range");
  const gateways = flags.list("gateway");
  if (drafts.length < ranges.length || drafts.length < gateways.length)
    throw new CommandError("every ip-range or gateway must have a corresponding subnet");
  drafts.forEach(({ Subnet }, at) => {
    const before = drafts.slice(0, at).find((other) => contains(other.Subnet, Subnet));
    if (before !== undefined)
      throw new CommandError("multiple overlapping subnet configuration is not supported");
  });
  for (const range of ranges) {
    const draft = subnetOf(drafts, range, `no matching subnet for range ${range}`);
    if (draft.IPRange !== undefined)
      throw new CommandError(
        `cannot configure multiple ranges (${range}, ${draft.IPRange}) on the same subnet (${draft.Subnet})`,
      );
    draft.IPRange = range;
  }
  for (const gateway of gateways) {
    const draft = subnetOf(drafts, gateway, `no matching subnet for gateway ${gateway}`);
    if (draft.Gateway !== undefined)
      throw new CommandError(
        `cannot configure multiple gateways (${gateway}, ${draft.Gateway}) for the same subnet (${draft.Subnet})`,
      );
    draft.Gateway = gateway;
  }
  for (const [name, address] of Object.entries(flags.map("aux-address"))) {
    const draft = subnetOf(drafts, address, `no matching subnet for aux-address ${address}`);
    (draft.AuxiliaryAddresses ??= {})[name] = address;
  }
  return drafts;
}

function subnetOf(drafts: readonly Draft[], inside: string, complaint: string): Draft {
  const draft = drafts.find(({ Subnet }) => contains(Subnet, inside));
  if (draft === undefined) throw new CommandError(complaint);
  return draft;
}

/** Whether an address or the beginning of a range lies in a subnet; what cannot be read lies nowhere, and the engine says why. */
function contains(subnet: string, inside: string): boolean {
  const [address = ""] = inside.split("/");
  if (!ipaddr.isValidCIDR(subnet) || !ipaddr.isValid(address)) return false;
  const [base, bits] = ipaddr.parseCIDR(subnet);
  const parsed = ipaddr.parse(address);
  return parsed.kind() === base.kind() && parsed.match([base, bits] as never);
}
