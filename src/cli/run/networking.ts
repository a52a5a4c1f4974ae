// `--network` and what belongs to it: addresses, aliases, names.

import type { EndpointIPAMConfig, EndpointSettings } from "../../spec/docker.ts";
import { CommandError, InvalidValueError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { splitPair } from "../flags.ts";
import { commaFields } from "./comma-fields.ts";
import { isAddress } from "./ports.ts";

export type Networking = {
  /** The first network, "default" when none is given. */
  readonly mode: string;
  readonly endpoints: Readonly<Record<string, Partial<EndpointSettings>>>;
};

type Wanted = {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly driverOptions: Readonly<Record<string, string>>;
  readonly links: readonly string[];
  readonly address: EndpointIPAMConfig;
  readonly mac: string;
  readonly gatewayPriority: number;
};

export function readNetworking(flags: Flags): Networking {
  const wanted = flags.list("network").map(parseNetwork);
  const shared = sharedSettings(flags);
  const first = wanted[0] ?? { ...shared, name: "default" };
  checkTogether(wanted);
  const merged = wanted.length === 0 ? [first] : [merge(first, shared), ...wanted.slice(1)];
  const endpoints: Record<string, Partial<EndpointSettings>> = {};
  for (const network of merged) {
    if (endpoints[network.name] !== undefined) {
      throw new CommandError(`network "${network.name}" is specified multiple times`, 125);
    }
    endpoints[network.name] = endpoint(network);
  }
  return { mode: first.name, endpoints };
}

/** `--network NAME` or `--network name=NAME,alias=…,ip=…`. */
function parseNetwork(spec: string): Wanted {
  const bad = (reason: string) => new InvalidValueError("network", spec, reason);
  const fields = commaFields(spec);
  const draft = {
    name: "",
    aliases: [] as string[],
    links: [] as string[],
    localIPs: [] as string[],
    mac: "",
    priority: 0,
  };
  const driverOptions: Record<string, string> = {};
  const address: Record<string, string> = {};
  if (!spec.includes("=")) draft.name = spec;
  for (const field of spec.includes("=") ? fields : []) {
    const [rawKey, rawValue] = splitPair(field);
    if (!field.includes("=")) throw bad(`invalid field ${field}`);
    const key = rawKey.trim().toLowerCase();
    const value = rawValue.trim();
    if (key === "name") draft.name = value;
    else if (key === "alias") draft.aliases.push(value);
    else if (key === "driver-opt") {
      const [name, option] = splitPair(value);
      if (!value.includes("=")) throw bad("invalid key value pair format in driver options");
      driverOptions[name.trim().toLowerCase()] = option.trim();
    } else if (key === "ip") address["IPv4Address"] = value;
    else if (key === "ip6") address["IPv6Address"] = value;
    else if (key === "link-local-ip") draft.localIPs.push(value);
    else if (key === "mac-address") draft.mac = checkedMac(value);
    else if (key === "gw-priority") {
      if (!/^-?\d+$/.test(value)) throw bad(`invalid gw-priority (${value}): value must be an integer`);
      draft.priority = Number(value);
    } else throw bad(`invalid field key ${key}`);
  }
  if (draft.name === "" && spec === "") throw new CommandError("no name set for network", 125);
  if (draft.name === "") throw bad("network name/id is not specified");
  const { name, aliases, links, mac, priority } = draft;
  const localIPs = draft.localIPs.length > 0 && { LinkLocalIPs: draft.localIPs };
  return {
    name,
    aliases,
    links,
    mac,
    driverOptions,
    gatewayPriority: priority,
    address: { ...address, ...localIPs },
  };
}

/** The flags that speak of a network without naming it: they belong to the first one. */
function sharedSettings(flags: Flags): Omit<Wanted, "name"> {
  const mac = flags.text("mac-address");
  const localIPs = flags.list("link-local-ip");
  // Where there is no network of the user's, links are the host's affair: HostConfig.Links.
  const links = flags
    .list("link")
    .map(checkedLink)
    .filter(() => isUserDefined(flags.list("network")[0]));
  return {
    aliases: flags.list("network-alias"),
    links,
    driverOptions: {},
    mac: mac === "" ? "" : checkedMac(mac),
    gatewayPriority: 0,
    address: {
      ...(flags.text("ip") !== "" && { IPv4Address: flags.text("ip") }),
      ...(flags.text("ip6") !== "" && { IPv6Address: flags.text("ip6") }),
      ...(localIPs.length > 0 && { LinkLocalIPs: localIPs }),
    },
  };
}

function merge(first: Wanted, shared: Omit<Wanted, "name">): Wanted {
  const both = (flag: string, key: string) =>
    new CommandError(`conflicting options: cannot specify both --${flag} and per-network ${key}`, 125);
  if (first.aliases.length > 0 && shared.aliases.length > 0) throw both("network-alias", "alias");
  if (first.address.IPv4Address && shared.address.IPv4Address) throw both("ip", "IPv4 address");
  if (first.address.IPv6Address && shared.address.IPv6Address) throw both("ip6", "IPv6 address");
  if (first.address.LinkLocalIPs && shared.address.LinkLocalIPs)
    throw both("link-local-ip", "link-local IP addresses");
  if (first.mac !== "" && shared.mac !== "") throw both("mac-address", "MAC address");
  return {
    ...first,
    aliases: [...first.aliases, ...shared.aliases],
    links: [...first.links, ...shared.links],
    mac: first.mac || shared.mac,
    address: { ...first.address, ...shared.address },
  };
}

function checkTogether(wanted: readonly Wanted[]): void {
  if (wanted.length < 2) return;
  const alone = ({ name }: Wanted) => ["host", "none"].includes(name) || name.startsWith("container:");
  if (wanted.some(alone)) {
    throw new CommandError(
      "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
      125,
    );
  }
}

function endpoint(network: Wanted): Partial<EndpointSettings> {
  return {
    ...(Object.keys(network.address).length > 0 && { IPAMConfig: network.address }),
    ...(network.aliases.length > 0 && { Aliases: network.aliases }),
    ...(network.links.length > 0 && { Links: network.links }),
    ...(Object.keys(network.driverOptions).length > 0 && { DriverOpts: network.driverOptions }),
    ...(network.mac !== "" && { MacAddress: network.mac }),
    ...(network.gatewayPriority !== 0 && { GwPriority: network.gatewayPriority }),
  };
}

function isUserDefined(network: string | undefined): boolean {
  if (network === undefined) return false;
  return !["default", "bridge", "host", "none"].includes(network) && !network.startsWith("container:");
}

function checkedMac(text: string): string {
  if (/^(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text)) return text;
  throw new CommandError(`${text} is not a valid mac address`, 125);
}

function checkedLink(text: string): string {
  const parts = text.split(":");
  if (text === "" || parts.length > 2)
    throw new InvalidValueError("link", text, `bad format for links: ${text}`);
  return parts.length === 1 ? `${text}:${text}` : text;
}

/** `--add-host NAME:ADDRESS` (or with "="). */
export function readExtraHosts(flags: Flags): readonly string[] {
  return flags.list("add-host").map((spec) => {
    const at = /[:=]/.exec(spec)?.index ?? -1;
    const name = spec.slice(0, Math.max(at, 0));
    const address = spec.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
    if (at < 1 || address === "") {
      throw new InvalidValueError("add-host", spec, `bad format for add-host: ${JSON.stringify(spec)}`);
    }
    if (address !== "host-gateway" && !isAddress(address)) {
      throw new InvalidValueError(
        "add-host",
        spec,
        `invalid IP address in add-host: ${JSON.stringify(address)}`,
      );
    }
    return `${name}:${address}`;
  });
}

export function readDns(flags: Flags): readonly string[] {
  return flags.list("dns").map((server) => {
    if (isAddress(server.trim())) return server.trim();
    throw new InvalidValueError("dns", server, `IP address is not correctly formatted: ${server}`);
  });
}

export function readDnsSearch(flags: Flags): readonly string[] {
  return flags.list("dns-search").map((domain) => {
    const name = domain.trim();
    if (name === "." || /^[\w-]+(?:\.[\w-]+)*\.?$/.test(name)) return name;
    throw new InvalidValueError("dns-search", domain, `${domain} is not a valid domain`);
  });
}
