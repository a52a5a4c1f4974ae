// Where a registry is reached: its own address or another one that the configuration gives, mirrors first. Pure.
import ipaddr from "ipaddr.js";

/** What daemon.json says of one registry, under its domain in the table `registries`. */
export type RegistryOptions = {
  /** Asked first when pulling, in this order: `https://host[:port][/path]`; the path comes before the repository. */
  readonly mirrors?: readonly string[];
  /** Where the registry really is, written like a mirror. */
  readonly location?: string;
  /** Accept any certificate, and plain http where there is no https. */
  readonly insecure?: boolean;
  /** PEM files: certificates to trust besides the machine's, and our own. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
};

export type RegistryConfig = {
  /** Of Docker Hub, as dockerd's `registry-mirrors`. */
  readonly mirrors: readonly string[];
  /** Hosts, `host:port` and CIDR ranges, as dockerd's `insecure-registries`. */
  readonly insecureRegistries: readonly string[];
  /** By domain as it stands in references: `docker.io`, `registry.example:5000`. */
  readonly registries: Readonly<Record<string, RegistryOptions>>;
  /** Folders with one folder `<host[:port]>` a registry: *.crt to trust, *.cert and *.key to show. */
  readonly certsFolders: readonly string[];
};

export type Endpoint = {
  /** `https://host[:port]`, without a slash at the end. */
  readonly origin: string;
  /** What comes before the repository's own path: empty, or with a slash at its end. */
  readonly prefix: string;
  readonly isMirror: boolean;
  /** Certificates are not checked. */
  readonly isInsecure: boolean;
  /** The domain whose options and certificates are used. */
  readonly options: RegistryOptions;
};

/** Where certificates are looked for: our own folder, and the one of Docker. */
export const certsFolders: readonly string[] = ["/etc/sampan/certs.d", "/etc/docker/certs.d"];

const hubDomain = "docker.io";
const hubHost = "registry-1.docker.io";

/** In the order in which they are tried; mirrors only where `purpose` is a pull. */
export function endpointsOf(config: RegistryConfig, domain: string, purpose: "pull" | "push"): Endpoint[] {
  const options = config.registries[domain] ?? {};
  const mirrors = [...(options.mirrors ?? []), ...(domain === hubDomain ? config.mirrors : [])];
  const host = domain === hubDomain ? hubHost : domain;
  const own = at(config, options.location ?? host, options, false);
  return [
    ...(purpose === "pull" ? mirrors.flatMap((mirror) => at(config, mirror, options, true)) : []),
    ...own,
  ];
}

/** A place written with a scheme is tried by that one only. */
function at(config: RegistryConfig, place: string, options: RegistryOptions, isMirror: boolean): Endpoint[] {
  const [, scheme, host = "", path = ""] = /^(?:(https?):\/\/)?([^/]+)(?:\/(.*))?$/.exec(place) ?? [];
  const isInsecure = options.insecure === true || isInsecureHost(config, host);
  // A mirror has options of its own where the table names its host.
  const own = isMirror ? (config.registries[host] ?? {}) : options;
  const common = { prefix: path === "" ? "" : `${path.replace(/\/+$/, "")}/`, isMirror, options: own };
  const secure = { ...common, origin: `https://${host}`, isInsecure };
  const plain = { ...common, origin: `http://${host}`, isInsecure };
  if (scheme !== undefined) return scheme === "https" ? [secure] : [plain];
  return isInsecure ? [secure, plain] : [secure];
}

/** Loopback always is, as with dockerd: nobody can listen in between. */
export function isInsecureHost(config: RegistryConfig, host: string): boolean {
  if (config.registries[host]?.insecure === true || isLoopbackHost(host)) return true;
  const name = nameOf(host);
  return config.insecureRegistries.some((item) =>
    item.includes("/") ? isInRange(name, item) : item === host || item === name,
  );
}

/** @param host `name`, `name:port`, `[address]:port`. */
export function isLoopbackHost(host: string): boolean {
  const name = nameOf(host);
  return name === "localhost" || isInRange(name, "127.0.0.0/8") || isInRange(name, "::1/128");
}

function nameOf(host: string): string {
  return host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

function isInRange(address: string, range: string): boolean {
  const isAddress = ipaddr.isValid(address) && !/^\d+$/.test(address);
  if (!isAddress || !ipaddr.isValidCIDR(range)) return false;
  const [found, [network, prefix]] = [ipaddr.parse(address), ipaddr.parseCIDR(range)];
  return found.kind() === network.kind() && found.match(network, prefix);
}
