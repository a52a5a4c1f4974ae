// `network ls` and `network inspect`.
import { InvalidParameterError } from "../base/errors.ts";
import { checkFilterKeys, matchesExactly, matchesLabels, matchesPattern } from "../base/filters.ts";
import type { Filters } from "../base/filters.ts";
import {
  isAddressed,
  poolsOf,
  predefinedNames,
  type AddressedNetworkRecord,
  type IpamPool,
  type NetworkRecord,
} from "../networks/network-record.ts";
import { contains, parseAddress, parseSubnet, sizeOf } from "../networks/subnet.ts";
import type {
  IpamConfigBody,
  NetworkEndpointSummary,
  NetworkInspect,
  SubnetStatus,
} from "../spec/docker-resources.ts";
import type { Engine } from "./engine.ts";
import { findNetwork } from "./find-network.ts";

const acceptedKeys: ReadonlySet<string> = new Set([
  "dangling",
  "driver",
  "id",
  "label",
  "name",
  "scope",
  "type",
]);

export function listNetworks(engine: Engine, filters: Filters): NetworkInspect[] {
  checkFilterKeys(filters, acceptedKeys);
  checkTypes(filters);
  const dangling = danglingAsked(filters);
  return engine.networks.store
    .all()
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .filter(
      (record) =>
        (dangling === undefined || dangling === isDangling(engine, record)) &&
        matchesExactly(filters, "type", predefinedNames.has(record.name) ? "builtin" : "custom") &&
        matchesExactly(filters, "scope", "local") &&
        matchesExactly(filters, "driver", record.driver) &&
        matchesPattern(filters, "name", record.name) &&
        matchesPattern(filters, "id", record.id) &&
        matchesLabels(filters, "label", record.labels ?? {}),
    )
    .map((record) => networkBody(record, endpointsOn(engine, record.id)));
}

/** By name, id or unique beginning of an id. */
export function inspectNetwork(engine: Engine, ref: string): NetworkInspect {
  const record = findNetwork(engine, ref);
  return networkBody(record, endpointsOn(engine, record.id));
}

/** A user's network that no running container is on. */
function isDangling(engine: Engine, { id, name }: NetworkRecord): boolean {
  return !predefinedNames.has(name) && Object.keys(endpointsOn(engine, id)).length === 0;
}

function danglingAsked(filters: Filters): boolean | undefined {
  const [value, ...more] = filters.get("dangling") ?? [];
  if (value === undefined) return undefined;
  if (more.length > 0) throw new InvalidParameterError('got more than one value for filter key "dangling"');
  if (value === "1" || value === "true") return true;
  if (value === "0" || value === "false") return false;
  throw new InvalidParameterError(
    `invalid value for filter 'dangling', must be "true" (or "1"), or "false" (or "0")`,
  );
}

function checkTypes(filters: Filters): void {
  for (const type of filters.get("type") ?? [])
    if (type !== "builtin" && type !== "custom")
      throw new InvalidParameterError(`invalid filter: 'type'='${type}'`);
}

function networkBody(record: NetworkRecord, Containers: NetworkInspect["Containers"]): NetworkInspect {
  const addressed = isAddressed(record) ? record : undefined;
  return {
    Name: record.name,
    Id: record.id,
    Created: record.createdAt,
    Scope: "local",
    Driver: record.driver,
    EnableIPv4: addressed === undefined || poolsOf(addressed, 4).length > 0,
    EnableIPv6: addressed !== undefined && poolsOf(addressed, 6).length > 0,
    IPAM: {
      Driver: "default",
      Options: predefinedNames.has(record.name) ? null : {},
      Config: (addressed?.pools ?? []).map(ipamConfig),
    },
    Internal: addressed?.internal ?? false,
    Attachable: record.attachable ?? false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers,
    Options: record.options ?? shownOptions(record),
    Labels: record.labels ?? {},
    ...(addressed && { Status: { IPAM: { Subnets: subnetStatus(addressed, Containers) } } }),
  };
}

/** The first address of a subnet, its last and the gateway's are never given to containers. */
const reservedAddresses = 3;

function subnetStatus(
  { pools }: AddressedNetworkRecord,
  containers: NetworkInspect["Containers"],
): Record<string, SubnetStatus> {
  const held = Object.values(containers).flatMap(({ IPv4Address, IPv6Address }) => [
    IPv4Address,
    IPv6Address,
  ]);
  return Object.fromEntries(
    pools.map(({ subnet, auxiliary = {} }) => {
      const range = parseSubnet(subnet);
      const taken = held.filter(
        (text) => text !== "" && contains(range, parseAddress(text.split("/")[0] ?? "")),
      );
      const IPsInUse = taken.length + Object.keys(auxiliary).length + reservedAddresses;
      // An IPv6 network has more than a number of JSON can say.
      const total = Math.min(Number(sizeOf(range)), Number.MAX_SAFE_INTEGER);
      return [subnet, { IPsInUse, DynamicIPsAvailable: Math.max(0, total - IPsInUse) }];
    }),
  );
}

function ipamConfig({ subnet, gateway, range, auxiliary }: IpamPool): IpamConfigBody {
  return {
    Subnet: subnet,
    ...(range === undefined ? {} : { IPRange: range }),
    Gateway: gateway,
    ...(auxiliary === undefined ? {} : { AuxiliaryAddresses: auxiliary }),
  };
}

/** The default bridge's, as Docker shows its own. */
function shownOptions(record: NetworkRecord): Readonly<Record<string, string>> {
  if (record.driver !== "bridge") return {};
  const prefix = "com.docker.network.bridge";
  return {
    [`${prefix}.default_bridge`]: "true",
    [`${prefix}.enable_icc`]: String(record.icc),
    [`${prefix}.enable_ip_masquerade`]: String(record.masquerade),
    [`${prefix}.host_binding_ipv4`]: record.hostBinding || "0.0.0.0",
    [`${prefix}.name`]: record.bridge,
    "com.docker.network.driver.mtu": String(record.mtu),
  };
}

/** The running containers on a network, by id. */
export function endpointsOn(engine: Engine, networkId: string): Record<string, NetworkEndpointSummary> {
  const found: Record<string, NetworkEndpointSummary> = {};
  for (const { id, name, attachments } of engine.containers.all()) {
    const endpoint = attachments.find((attachment) => attachment.endpoint.NetworkID === networkId)?.endpoint;
    if (!endpoint) continue;
    const { EndpointID, MacAddress, IPAddress, IPPrefixLen, GlobalIPv6Address, GlobalIPv6PrefixLen } =
      endpoint;
    found[id] = {
      Name: name,
      EndpointID,
      MacAddress,
      IPv4Address: IPAddress === "" ? "" : `${IPAddress}/${IPPrefixLen}`,
      IPv6Address: GlobalIPv6Address === "" ? "" : `${GlobalIPv6Address}/${GlobalIPv6PrefixLen}`,
    };
  }
  return found;
}
