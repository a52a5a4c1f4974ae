// A network's interface on the host: its bridge, or what its containers' interfaces stand on.
import type { Instance } from "../base/instance.ts";
import type { Log } from "../base/log.ts";
import { NotFoundError, NotImplementedError } from "../base/errors.ts";
import { changeLink, createDummy, createSubLink, createVlan, deleteLink } from "../netlink/link.ts";
import type { Request } from "../netlink/message.ts";
import { findLink, type Rtnetlink } from "../netlink/rtnetlink.ts";
import { failedWith } from "../sys/errno.ts";
import { ensureBridge, removeBridge } from "./bridge.ts";
import { networkAliasOf } from "./endpoint-plan.ts";
import type { AddressedNetworkRecord, MacvlanNetworkRecord } from "./network-record.ts";

/** Makes it be there and up. */
export function ensureInterface(
  log: Log,
  host: Rtnetlink,
  instance: Instance,
  record: AddressedNetworkRecord,
): void {
  if (record.driver === "bridge") ensureBridge(log, host, instance, record);
  else ensureParent(host, instance, record);
}

/** Refuses a kind of interface that this kernel has not got, by making one and taking it away. */
export function checkKind(host: Rtnetlink, record: AddressedNetworkRecord): void {
  if (record.driver === "bridge") return;
  const { driver: kind, mode, parent, mtu } = record;
  const index = findLink(host, parent)?.index ?? 0;
  const name = `pr-${record.id.slice(0, 10)}`;
  performIfKnown(host, kind, createSubLink({ name }, { kind, mode, parent: index }, mtu));
  host.perform(deleteLink(name));
}

function performIfKnown(host: Rtnetlink, kind: string, ...requests: readonly Request[]): void {
  try {
    host.perform(...requests);
  } catch (err) {
    if (!failedWith(err, "EOPNOTSUPP")) throw err;
    throw new NotImplementedError(`kernel does not support ${kind}`, { cause: err });
  }
}

/** Takes away what came with the network; fine when it is gone. */
export function removeInterfaceOf(host: Rtnetlink, record: AddressedNetworkRecord): void {
  if (record.driver === "bridge") {
    if (record.ownBridge) removeBridge(host, record.bridge);
  } else if (record.ownParent && findLink(host, record.parent) !== undefined)
    host.perform(deleteLink(record.parent));
}

/** `eth0.50` in a parent's name is VLAN 50 on eth0. */
export function vlanOf(parent: string): { readonly below: string; readonly id: number } | undefined {
  const match = /^(.+)\.(\d{1,4})$/.exec(parent);
  const id = Number(match?.[2]);
  return match?.[1] !== undefined && id >= 1 && id <= 4094 ? { below: match[1], id } : undefined;
}

function ensureParent(
  host: Rtnetlink,
  instance: Instance,
  { id, parent, ownParent }: MacvlanNetworkRecord,
): void {
  if (findLink(host, parent) !== undefined) return;
  const vlan = vlanOf(parent);
  const missing = (name: string) => new NotFoundError(`network interface ${name} does not exist`);
  if (!ownParent) throw missing(parent);
  const mark = changeLink(parent, { alias: networkAliasOf(instance, id) });
  if (vlan === undefined) performIfKnown(host, "dummy interfaces", createDummy(parent), mark);
  else {
    const below = findLink(host, vlan.below);
    if (below === undefined) throw missing(vlan.below);
    performIfKnown(host, "VLANs", createVlan(parent, below.index, vlan.id), mark);
  }
  host.perform(changeLink(parent, { up: true }));
}
