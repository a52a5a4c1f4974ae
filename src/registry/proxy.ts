// Which proxy a request goes through, by the environment's rules as Go has them: HTTP_PROXY, HTTPS_PROXY, NO_PROXY.
import ipaddr from "ipaddr.js";

export type ProxySettings = {
  readonly http: string;
  readonly https: string;
  /** Hosts (`host[:port]`, with all below them; `.suffix`; addresses; CIDR ranges; `*`), separated by commas. */
  readonly no: string;
};

/**
 * Takes the settings out of `env`: the runtime's own reading of them cannot be told where not to use them, and
 * programs that are started have no use for them.
 */
export function takeProxySettings(env: Record<string, string | undefined>): ProxySettings {
  const take = (name: string): string => {
    const value = env[name] || env[name.toLowerCase()] || "";
    delete env[name];
    delete env[name.toLowerCase()];
    return value;
  };
  return { http: take("HTTP_PROXY"), https: take("HTTPS_PROXY"), no: take("NO_PROXY") };
}

/** The proxy's address, or undefined where the request goes straight. Loopback always does. */
export function proxyFor(settings: ProxySettings, url: URL): string | undefined {
  const proxy = url.protocol === "https:" ? settings.https : settings.http;
  if (proxy === "" || isLoopback(hostOf(url)) || isExempt(settings.no, url)) return undefined;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();
}

function isLoopback(host: string): boolean {
  return host === "localhost" || (ipaddr.isValid(host) && ipaddr.parse(host).range() === "loopback");
}

function isExempt(no: string, url: URL): boolean {
  const host = hostOf(url);
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return no
    .split(",")
    .map((item) => item.trim().toLowerCase())
    .some((item) => item !== "" && matches(item, host, port));
}

function matches(item: string, host: string, port: string): boolean {
  if (item === "*") return true;
  if (ipaddr.isValidCIDR(item)) return isInRange(host, item);
  const [, name = "", wantedPort] = /^(.*?)(?::(\d+))?$/.exec(item) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  if (name.startsWith(".")) return host.endsWith(name);
  return host === name || host.endsWith(`.${name}`);
}

function isInRange(host: string, range: string): boolean {
  if (!ipaddr.isValid(host)) return false;
  const [address, [network, prefix]] = [ipaddr.parse(host), ipaddr.parseCIDR(range)];
  return address.kind() === network.kind() && address.match(network, prefix);
}
