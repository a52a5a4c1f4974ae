// The three files that every container gets from its engine: /etc/hosts, /etc/hostname and /etc/resolv.conf. Pure texts.

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

export type DnsSettings = {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
};

/** Used when the host has only name servers that a container cannot reach (on its own loopback): Docker's choice too. */
const publicServers = ["8.8.8.8", "8.8.4.4"];

/**
 * The container's resolv.conf made from the host's: what was asked for replaces the host's line of that kind. With a
 * network of its own (`isolated`) the host's loopback servers, which would be the container's own loopback, are left out.
 */
export function resolvConf(hostText: string, asked: DnsSettings, isolated: boolean): string {
  const found = parseResolvConf(hostText);
  const reachable = isolated ? found.servers.filter((server) => !isLoopback(server)) : found.servers;
  const fallback = isolated && reachable.length === 0 ? publicServers : reachable;
  const servers = asked.servers.length > 0 ? asked.servers : fallback;
  const search = asked.search.length > 0 ? asked.search.filter((domain) => domain !== ".") : found.search;
  const options = asked.options.length > 0 ? asked.options : found.options;
  const lines = servers.map((server) => `nameserver ${server}`);
  if (search.length > 0) lines.push(`search ${search.join(" ")}`);
  if (options.length > 0) lines.push(`options ${options.join(" ")}`);
  return `${lines.join("\n")}\n`;
}

function parseResolvConf(text: string): DnsSettings {
  const servers: string[] = [];
  let search: string[] = [];
  let options: string[] = [];
  for (const line of text.split("\n")) {
    const [key, ...values] = line
      .replace(/[#;].*$/, "")
      .trim()
      .split(/\s+/);
    if (key === "nameserver" && values[0] !== undefined) servers.push(values[0]);
    else if (key === "search" || key === "domain") search = values;
    else if (key === "options") options = options.concat(values);
  }
  return { servers, search, options };
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
