// `network ls` and `network inspect` of the networks that are there without being made: bridge, host and none.
import { InvalidParameterError, NotFoundError } from "../base/errors.ts";
import { checkFilterKeys, matchesExactly, matchesLabels, matchesPattern } from "../base/filters.ts";
import type { Filters } from "../base/filters.ts";
import type { NetworkRecord } from "../networks/network-record.ts";
import type { NetworkEndpointSummary, NetworkInspect, SubnetStatus } from "../spec/docker-resources.ts";
import type { Engine } from "./engine.ts";

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
  // All there are were there from the start: they are `builtin`, and never dangling.
  const wantsDangling = danglingFilter(filters);
  for (const type of filters.get("type") ?? [])
    if (type !== "builtin" && type !== "custom")
      throw new InvalidParameterError(`invalid filter: 'type'='${type}'`);
  return networks(engine)
    .filter(
      ({ id, name, driver }) =>
        !wantsDangling &&
        matchesExactly(filters, "type", "builtin") &&
        matchesExactly(filters, "scope", "local") &&
        matchesExactly(filters, "driver", driver) &&
        matchesPattern(filters, "name", name) &&
        matchesPattern(filters, "id", id) &&
        matchesLabels(filters, "label", {}),
    )
    .map((record) => networkBody(record, endpointsOn(engine, record.name)));
}

function danglingFilter(filters: Filters): boolean {
  const [value, ...more] = filters.get("dangling") ?? [];
  if (more.length > 0) throw new InvalidParameterError('got more than one value for filter key "dangling"');
  if (value === undefined || value === "0" || value === "false") return false;
  if (value === "1" || value === "true") return true;
  throw new InvalidParameterError(
    'invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")',
  );
}

/** By name, id or unique beginning of an id. */
export function inspectNetwork(engine: Engine, ref: string): NetworkInspect {
  const all = networks(engine);
  const exact = all.find(({ id, name }) => id === ref || name === ref);
  const matches = exact ? [exact] : all.filter(({ id }) => ref !== "" && id.startsWith(ref));
  const [record] = matches;
  if (!record) throw new NotFoundError(`network ${ref} not found`);
  if (matches.length > 1)
    throw new InvalidParameterError(
      `network ${ref} is ambiguous (${matches.length} matches found on ID prefix)`,
    );
  return networkBody(record, endpointsOn(engine, record.name));
}

function networks(engine: Engine): NetworkRecord[] {
  for (const name of ["host", "none"] as const) engine.networks.plain(name);
  return engine.networks.all().toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function networkBody(record: NetworkRecord, Containers: NetworkInspect["Containers"]): NetworkInspect {
  const isBridge = record.driver === "bridge";
  return {
    Name: record.name,
    Id: record.id,
    Created: record.createdAt,
    Scope: "local",
    Driver: record.driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: {
      Driver: "default",
      Options: null,
      Config: isBridge ? [{ Subnet: record.subnet, Gateway: record.gateway }] : [],
    },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers,
    Options: isBridge
      ? {
          "com.docker.network.bridge.name": record.bridge,
          "com.docker.network.driver.mtu": String(record.mtu),
        }
      : {},
    Labels: {},
    ...(isBridge ? { Status: { IPAM: { Subnets: subnetStatus(record.subnet, Containers) } } } : {}),
  };
}

/** The first address of a subnet, its last and the gateway's are never given to containers. */
const reservedAddresses = 3;

function subnetStatus(
  subnet: string,
  containers: NetworkInspect["Containers"],
): Record<string, SubnetStatus> {
  const total = 2 ** (32 - Number(subnet.split("/")[1]));
  const IPsInUse = Object.keys(containers).length + reservedAddresses;
  return { [subnet]: { IPsInUse, DynamicIPsAvailable: total - IPsInUse } };
}

/** The running containers on a network, by id. */
function endpointsOn(engine: Engine, network: string): Record<string, NetworkEndpointSummary> {
  const found: Record<string, NetworkEndpointSummary> = {};
  for (const { id, name, attachments } of engine.containers.all()) {
    const endpoint = attachments.find((attachment) => attachment.network === network)?.endpoint;
    if (!endpoint) continue;
    found[id] = {
      Name: name,
      EndpointID: endpoint.EndpointID,
      MacAddress: endpoint.MacAddress,
      IPv4Address: endpoint.IPAddress === "" ? "" : `${endpoint.IPAddress}/${endpoint.IPPrefixLen}`,
      IPv6Address: "",
    };
  }
  return found;
}
