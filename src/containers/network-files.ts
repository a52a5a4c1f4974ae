// The three files that every container gets from its engine: /etc/hosts, /etc/hostname and /etc/resolv.conf. Pure texts.
import { parseResolvConf, type ResolvConf } from "../resolver/resolv-conf.ts";
import type { HostConfig } from "../spec/docker.ts";

export type HostEntry = { readonly address: string; readonly names: readonly string[] };

/** The first lines of every /etc/hosts, as Docker writes them. */
const standardHosts: readonly HostEntry[] = [
  { address: "127.0.0.1", names: ["localhost"] },
  { address: "::1", names: ["localhost", "ip6-localhost", "ip6-loopback"] },
  { address: "fe00::", names: ["ip6-localnet"] },
  { address: "ff00::", names: ["ip6-mcastprefix"] },
  { address: "ff02::1", names: ["ip6-allnodes"] },
  { address: "ff02::2", names: ["ip6-allrouters"] },
];

/** The host as a container sees it: Docker Desktop's name for it, and ours. */
export const hostNames = ["host.docker.internal", "host.sampan.internal"];

/** The host's names that the user has not given to somebody else. */
export function hostEntries(hostGateway: string | undefined, extra: readonly HostEntry[]): HostEntry[] {
  const given = new Set(extra.flatMap(({ names }) => names));
  const names = hostNames.filter((name) => !given.has(name));
  return hostGateway === undefined || names.length === 0 ? [] : [{ address: hostGateway, names }];
}

export function hostsFile(
  extra: readonly HostEntry[],
  own: readonly HostEntry[],
  first: readonly HostEntry[] = standardHosts,
): string {
  const entries = [...first, ...extra, ...own];
  return entries.map(({ address, names }) => `${address}\t${names.join(" ")}\n`).join("");
}

/** The names of an `own` line: `web.example.org web` for a host name with a domain, else the name alone. */
export function ownNames(hostname: string, domainname: string): readonly string[] {
  return domainname === "" ? [hostname] : [`${hostname}.${domainname}`, hostname];
}

/** `--add-host name:address` (or `name=address`) as host entries; `host-gateway` stands for the host's own address on the bridge. */
export function extraHosts(specs: readonly string[], hostGateway: string | undefined): HostEntry[] {
  return specs.flatMap((spec) => {
    const at = spec.search(/[:=]/);
    const name = spec.slice(0, at);
    const given = spec.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
    const address = given === "host-gateway" ? hostGateway : given;
    return address === undefined ? [] : [{ address, names: [name] }];
  });
}

type AskedDns = Pick<HostConfig, "Dns" | "DnsSearch" | "DnsOptions">;

/** What a container asked for; for what it did not, what the daemon was told to give. */
export function wantedDns({ Dns, DnsSearch, DnsOptions }: AskedDns, otherwise: ResolvConf): ResolvConf {
  return {
    servers: Dns.length > 0 ? Dns : otherwise.servers,
    search: DnsSearch.length > 0 ? DnsSearch : otherwise.search,
    options: DnsOptions.length > 0 ? DnsOptions : otherwise.options,
  };
}

/** Used when the host has only name servers that a container cannot reach (on its own loopback): Docker's choice too. */
const publicServers = ["8.8.8.8", "8.8.4.4"];

/** Where a container sends its questions: to the host's servers, as the host itself does or from a network of its own, or to a resolver of ours. */
export type NamePlace =
  | { readonly kind: "host" | "isolated" }
  | { readonly kind: "resolver"; readonly addresses: readonly string[] };

/**
 * The container's resolv.conf made from the host's: what was asked for replaces the host's line of that kind. With a
 * network of its own the host's loopback servers, which would be the container's own loopback, are left out. A resolver
 * of ours stands for all servers, and gets every name as it is first (`ndots:0`, as Docker has it), unless somebody says otherwise.
 */
export function resolvConf(hostText: string, asked: ResolvConf, place: NamePlace): string {
  const found = parseResolvConf(hostText);
  const search = asked.search.length > 0 ? asked.search.filter((domain) => domain !== ".") : found.search;
  const options = asked.options.length > 0 ? asked.options : found.options;
  const ownOptions = place.kind === "resolver" && !hasNdots(options) ? ["ndots:0"] : [];
  const lines = serversFor(found.servers, asked.servers, place).map((server) => `nameserver ${server}`);
  if (search.length > 0) lines.push(`search ${search.join(" ")}`);
  if (options.length + ownOptions.length > 0) lines.push(`options ${[...options, ...ownOptions].join(" ")}`);
  return `${lines.join("\n")}\n`;
}

/** Whether the number of dots that sends a name out as it is has been chosen by somebody. */
export function hasNdots(options: readonly string[]): boolean {
  return options.some((option) => /^ndots:\d+$/.test(option));
}

function serversFor(found: readonly string[], asked: readonly string[], place: NamePlace): readonly string[] {
  if (place.kind === "resolver") return place.addresses;
  if (asked.length > 0) return asked;
  if (place.kind === "host") return found;
  const reachable = found.filter((server) => !isLoopback(server));
  return reachable.length > 0 ? reachable : publicServers;
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
