// Where the daemon listens: reading `-H`, SAMPAN_HOST and DOCKER_HOST as Docker does.

/** PEM texts for a TLS connection; `verify` false accepts any server certificate (`--tls` without `--tlsverify`). */
export type TlsSettings = {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly verify: boolean;
};

export type Endpoint =
  | { readonly kind: "unix"; readonly url: string; readonly path: string }
  | {
      readonly kind: "tcp";
      readonly url: string;
      readonly hostname: string;
      readonly port: number;
      readonly tls?: TlsSettings;
    };

export const defaultHost = "unix:///run/sampan/sampan.sock";

/** An address that cannot be read, in the words the user should see. */
export class BadEndpointError extends Error {}

/**
 * Reads `unix://PATH`, `tcp://HOST[:PORT]`, a bare `HOST[:PORT]` or a bare absolute path.
 * Without a port it is 2376 with TLS and 2375 without, as Docker has it.
 */
export function parseEndpoint(host: string, tls?: TlsSettings): Endpoint {
  const [scheme, rest] = splitScheme(host);
  if (scheme === "unix") {
    if (rest === "") throw new BadEndpointError(`invalid bind address (${host}): a socket path is missing`);
    return { kind: "unix", url: `unix://${rest}`, path: rest };
  }
  if (scheme === "tcp" || scheme === "http" || scheme === "https") {
    const { hostname, port } = parseAuthority(host, rest, tls ? 2376 : 2375);
    const address = hostname.includes(":") ? `[${hostname}]` : hostname;
    const url = `tcp://${address}:${port}`;
    return { kind: "tcp", url, hostname, port, ...(tls && { tls }) };
  }
  throw new BadEndpointError(`invalid bind address (${host}): unsupported proto '${scheme}'`);
}

/** The address to use: the `-H` flag, else SAMPAN_HOST, else DOCKER_HOST, else the default socket. */
export function chooseHost(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  return flag || env["SAMPAN_HOST"] || env["DOCKER_HOST"] || defaultHost;
}

function splitScheme(host: string): readonly [scheme: string, rest: string] {
  const at = host.indexOf("://");
  if (at >= 0) return [host.slice(0, at), host.slice(at + 3)];
  return host.startsWith("/") ? ["unix", host] : ["tcp", host];
}

function parseAuthority(host: string, text: string, defaultPort: number): { hostname: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:/]*))(?::(\d+))?\/?$/.exec(text);
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (!match || port > 65535) throw new BadEndpointError(`invalid bind address (${host})`);
  return { hostname: match[1] || match[2] || "127.0.0.1", port };
}
