// The network that containers are on unless they say otherwise: what its record is to be, from the daemon's configuration,
// from what is there, and from what was there before.
import { InvalidParameterError } from "../base/errors.ts";
import { findLink, type Rtnetlink } from "../netlink/rtnetlink.ts";
import { addressesOf, checkIsBridge } from "./bridge.ts";
import { mtuMax, rangesInUse, usualMtu } from "./host-ranges.ts";
import type { BridgeNetworkRecord, IpamPool, NetworkStore } from "./network-record.ts";
import type { NetworksOptions } from "./networks.ts";
import { chooseSubnet, isFree, uniqueLocalPool } from "./subnet-choice.ts";
import {
  formatAddress,
  formatSubnet,
  lastAddress,
  overlap,
  parseAddressInSubnet,
  parseSubnet,
  type AddressInSubnet,
} from "./subnet.ts";

/** The longest prefix that leaves room for network, gateway, broadcast and one container. */
const prefixLengthMax = 30;
const networkName = "bridge";
/** Unspecified, loopback, and multicast with all that is behind it (RFC 6890). */
const noNetworks = ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3"].map(parseSubnet);

/** InvalidParameterError when the configuration cannot be met; nothing has been changed then, nor by this at all. */
export function defaultBridgeRecord(
  store: NetworkStore,
  host: Rtnetlink,
  options: NetworksOptions,
): BridgeNetworkRecord {
  const known = store.byName(networkName);
  const before = known?.driver === "bridge" ? known : undefined;
  const { bridge: existing, instance, icc, masquerade, hostBinding } = options;
  const name = existing ?? instance.bridge;
  const link = findLink(host, name);
  if (existing !== undefined && link === undefined)
    throw new InvalidParameterError(`bridge ${existing} does not exist`);
  if (link !== undefined) checkIsBridge(link);
  const present = link === undefined ? [] : addressesOf(host, link.index);
  const texts = present.map(({ address, prefixLength }) => `${address}/${prefixLength}`);
  const previous = before?.bridge === name ? before.pools : [];
  return {
    id: before?.id ?? store.identity(networkName).id,
    name: networkName,
    createdAt: before?.createdAt ?? store.identity(networkName).createdAt,
    driver: "bridge",
    bridge: name,
    ownBridge: existing === undefined,
    pools: [ipv4Pool(host, options, texts, previous), ...ipv6Pools(host, options, texts, previous)],
    mtu: mtuOf(host, options, existing === undefined ? undefined : link?.mtu),
    internal: false,
    icc,
    masquerade,
    hostBinding,
  };
}

function mtuOf(host: Rtnetlink, { mtu }: NetworksOptions, existing: number | undefined): number {
  if (mtu !== undefined) return mtu;
  return existing === undefined ? usualMtu(host) : Math.min(existing, mtuMax);
}

/** What the user says; else what the bridge has; else what it had; else what is free. */
function ipv4Pool(
  host: Rtnetlink,
  options: NetworksOptions,
  present: readonly string[],
  previous: readonly IpamPool[],
): IpamPool {
  const place = ipv4Place(host, options, present, previous);
  const { subnet } = place;
  const pool = {
    subnet: formatSubnet(subnet),
    gateway: formatAddress({ family: 4, value: place.address }),
  };
  if (options.fixedCidr === undefined) return pool;
  const range = parseSubnet(options.fixedCidr);
  if (range.family !== 4 || range.prefixLength < subnet.prefixLength || !isInside(range, subnet))
    throw new InvalidParameterError(
      `invalid fixed-cidr ${options.fixedCidr}: the bridge's subnet is ${formatSubnet(subnet)}`,
    );
  return { ...pool, range: formatSubnet(range) };
}

function isInside(range: AddressInSubnet["subnet"], subnet: AddressInSubnet["subnet"]): boolean {
  return !isFree(range, [subnet]);
}

function ipv4Place(
  host: Rtnetlink,
  options: NetworksOptions,
  present: readonly string[],
  previous: readonly IpamPool[],
): AddressInSubnet {
  if (options.bridgeAddress !== undefined) return checkedPlace(options.bridgeAddress);
  const own = present.find((text) => !text.includes(":"));
  if (own !== undefined) return parseAddressInSubnet(own);
  if (options.bridge !== undefined)
    throw new InvalidParameterError(`bridge ${options.bridge} has no IPv4 address`);
  const inUse = rangesInUse(host);
  const last = previous.map(placeOfPool).find(({ subnet }) => subnet.family === 4);
  if (last !== undefined && isFree(last.subnet, inUse)) return last;
  const subnet =
    options.fixedCidr === undefined
      ? chooseSubnet(
          inUse,
          options.addressPools.filter(({ range }) => range.family === 4),
        )
      : parseSubnet(options.fixedCidr);
  return { address: subnet.base + 1n, subnet };
}

function placeOfPool({ subnet, gateway }: IpamPool): AddressInSubnet {
  return parseAddressInSubnet(`${gateway}/${parseSubnet(subnet).prefixLength}`);
}

function checkedPlace(text: string): AddressInSubnet {
  const place = parseAddressInSubnet(text);
  const { subnet, address } = place;
  const isHosts = address !== subnet.base && address !== lastAddress(subnet);
  const mayBe = subnet.family === 4 && subnet.prefixLength <= prefixLengthMax;
  if (!isHosts || !mayBe || noNetworks.some((range) => overlap(range, subnet)))
    throw new InvalidParameterError(
      `invalid bridge address ${text}: give a host's address and a prefix up to /${prefixLengthMax}`,
    );
  return place;
}

function ipv6Pools(
  host: Rtnetlink,
  { ipv6, fixedCidrV6, instance }: NetworksOptions,
  present: readonly string[],
  previous: readonly IpamPool[],
): IpamPool[] {
  if (!ipv6) return [];
  const own = present.find((text) => text.includes(":"));
  if (fixedCidrV6 === undefined && own !== undefined) {
    const { subnet, address } = parseAddressInSubnet(own);
    return [{ subnet: formatSubnet(subnet), gateway: formatAddress({ family: 6, value: address }) }];
  }
  const known = previous.find(({ subnet }) => subnet.includes(":"));
  if (fixedCidrV6 === undefined && known !== undefined) return [known];
  const subnet =
    fixedCidrV6 === undefined
      ? chooseSubnet(rangesInUse(host), [uniqueLocalPool(instance.tag)])
      : parseSubnet(fixedCidrV6);
  if (subnet.family !== 6) throw new InvalidParameterError(`invalid fixed-cidr-v6: ${fixedCidrV6}`);
  return [{ subnet: formatSubnet(subnet), gateway: formatAddress({ family: 6, value: subnet.base + 1n }) }];
}
