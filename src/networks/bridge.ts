// The bridges that containers are plugged into: our own, made when they are not there, or existing ones of the user's.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { InvalidParameterError, hasCode } from "../base/errors.ts";
import type { Instance } from "../base/instance.ts";
import type { Log } from "../base/log.ts";
import { addAddress, removeAddress, type InterfaceAddress } from "../netlink/address.ts";
import { changeLink, createBridge, deleteLink, type Link } from "../netlink/link.ts";
import { findLink, listAddresses, type Rtnetlink } from "../netlink/rtnetlink.ts";
import { macOf, networkAliasOf } from "./endpoint-plan.ts";
import { poolsOf, type BridgeNetworkRecord } from "./network-record.ts";
import { parseAddress, parseSubnet } from "./subnet.ts";

type Place = Pick<InterfaceAddress, "address" | "prefixLength">;

/** Makes the network's bridge be there, up and with its addresses. A bridge that is not ours gets what it lacks, and keeps the rest. */
export function ensureBridge(
  log: Log,
  host: Rtnetlink,
  instance: Instance,
  record: BridgeNetworkRecord,
): void {
  const { id, bridge, ownBridge, mtu } = record;
  const alias = networkAliasOf(instance, id);
  const link = findLink(host, bridge);
  const places = placesOf(record);
  if (link === undefined) {
    if (!ownBridge) throw new InvalidParameterError(`bridge ${bridge} does not exist`);
    // Without an address of its own a bridge takes the lowest of its ports', a new one at every start of a container.
    const mac = macOf(firstAddress(places));
    // Marked in the same step: at no moment is it nobody's.
    host.perform(createBridge(bridge, { mtu, mac }), changeLink(bridge, { alias }));
    log.info("bridge created", { bridge, addresses: places.map(({ address }) => address) });
  } else checkIsBridge(link);
  writeSettings(record);
  const index = link?.index ?? findLink(host, bridge)?.index ?? 0;
  const present = link === undefined ? [] : addressesOf(host, index);
  const surplus = ownBridge ? present.filter((address) => !places.some((one) => isSame(one, address))) : [];
  const missing = places.filter((place) => !present.some((one) => isSame(one, place)));
  host.perform(
    ...surplus.map((address) => removeAddress(address)),
    ...missing.map(({ address, prefixLength }) => addAddress({ linkIndex: index, address, prefixLength })),
    changeLink(index, { ...(ownBridge ? { alias, ipv6LinkLocal: false } : {}), up: true }),
  );
}

/** Takes our own bridge away; fine when it is gone. */
export function removeBridge(host: Rtnetlink, name: string): void {
  if (findLink(host, name) !== undefined) host.perform(deleteLink(name));
}

/** The kernel passes packets on between the bridges and the world only with this. */
export function enableForwarding(): void {
  change("/proc/sys/net/ipv4/ip_forward", "1");
}

/** A host that forwards IPv6 stops listening to its router, unless told to go on: else it would lose its own way out. */
export function enableIpv6Forwarding(): void {
  const all = "/proc/sys/net/ipv6/conf/all/forwarding";
  if (read(all) === "1") return;
  const folder = "/proc/sys/net/ipv6/conf";
  for (const name of readdirSync(folder))
    if (read(`${folder}/${name}/accept_ra`) === "1") change(`${folder}/${name}/accept_ra`, "2");
  change(all, "1");
}

/**
 * Whether frames from one port of a bridge to another pass the host's firewall, as other engines arrange (br_netfilter): then
 * its rules decide who talks to whom, and ports are translated before the bridge looks where a frame goes.
 */
export function filtersBridgedFrames(): boolean {
  const folder = "/proc/sys/net/bridge";
  return ["iptables", "ip6tables"].every((name) => read(`${folder}/bridge-nf-call-${name}`) === "1");
}

export function checkIsBridge({ name, kind }: Link): void {
  if (kind !== "bridge") throw new InvalidParameterError(`${name} is not a bridge`);
}

/** The IPv4 addresses of a link, and its IPv6 ones but for what the kernel made itself. */
export function addressesOf(host: Rtnetlink, linkIndex: number): InterfaceAddress[] {
  return listAddresses(host).filter(
    (known) => known.linkIndex === linkIndex && !known.address.startsWith("fe80:"),
  );
}

function placesOf(record: BridgeNetworkRecord): Place[] {
  return ([4, 6] as const).flatMap((family) =>
    poolsOf(record, family)
      .filter(({ gateway }) => gateway !== "")
      .map(({ subnet, gateway }) => ({
        address: gateway,
        prefixLength: parseSubnet(subnet).prefixLength,
      })),
  );
}

function firstAddress([place]: readonly Place[]): bigint {
  return place === undefined ? 0n : parseAddress(place.address).value & 0xffff_ffffn;
}

function writeSettings({ bridge, internal, pools }: BridgeNetworkRecord): void {
  const ipv6 = `/proc/sys/net/ipv6/conf/${bridge}`;
  // A container must not be able to tell the host that it is an IPv6 router (CVE-2020-13401).
  change(`${ipv6}/accept_ra`, "0");
  if (pools.some(({ subnet }) => parseSubnet(subnet).family === 6)) change(`${ipv6}/disable_ipv6`, "0");
  // The host's own 127.0.0.1 may be the source of what goes to a published port; see loopbackRule in firewall.ts.
  if (!internal) change(`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`, "1");
}

/** Writes a setting that is not so yet. A kernel without the protocol has nothing to set. */
function change(path: string, value: string): void {
  const now = read(path);
  if (now !== undefined && now !== value) writeFileSync(path, value);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1").trim();
  } catch (err) {
    if (hasCode(err, "ENOENT")) return undefined;
    throw err;
  }
}

function isSame(one: Place, other: Place): boolean {
  return one.address === other.address && one.prefixLength === other.prefixLength;
}
