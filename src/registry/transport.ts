// One HTTP exchange with a registry or with what it points to: trust, proxy, time limits, redirects.
//
// Redirects are followed here and not by fetch: credentials go to the host that they are for and to no other, and nothing
// goes from https to http.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import { buildInfo } from "../base/build-info.ts";
import { InvalidParameterError, hasCode } from "../base/errors.ts";
import { isInsecureHost, type Endpoint, type RegistryConfig, type RegistryOptions } from "./endpoint.ts";
import { proxyFor, type ProxySettings } from "./proxy.ts";
import { printable, UnreachableError } from "./registry-error.ts";

export type Exchange = {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to the URL's own host only. */
  readonly authorization?: string | undefined;
  readonly body?: Uint8Array | string | AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
};

const maxRedirects = 10;
const redirects = new Set([301, 302, 303, 307, 308]);
/** From the request's end to the answer's head. */
const answerMs = 60_000;
const userAgent = `sampan/${buildInfo.version}`;

export class Transport {
  readonly #config: RegistryConfig;
  readonly #proxies: ProxySettings;
  #roots: readonly string[] | undefined;

  constructor(config: RegistryConfig, proxies: ProxySettings) {
    this.#config = config;
    this.#proxies = proxies;
  }

  /**
   * Sends and returns when the answer's head is there, whatever its status. The caller reads the body or cancels it.
   * @throws UnreachableError when there is no answer.
   */
  async send(exchange: Exchange, endpoint?: Endpoint): Promise<Response> {
    let { url, authorization } = exchange;
    for (let hop = 0; hop <= maxRedirects; hop += 1) {
      const response = await this.#sendOnce({ ...exchange, url, authorization }, endpoint);
      const location = response.headers.get("location");
      const follows = ["GET", "HEAD"].includes(exchange.method) && redirects.has(response.status);
      if (!follows || location === null) return response;
      await response.body?.cancel();
      const next = this.#redirect(url, location);
      if (next.host !== url.host) authorization = undefined;
      url = next;
    }
    throw new UnreachableError(`${exchange.url.host} redirects without end`);
  }

  #redirect(from: URL, location: string): URL {
    const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    if (next === undefined || !["http:", "https:"].includes(next.protocol))
      throw new UnreachableError(`${from.host} redirects to what is no address: ${printable(location)}`);
    if (from.protocol === "https:" && next.protocol === "http:" && !isInsecureHost(this.#config, next.host))
      throw new UnreachableError(`${from.host} redirects from https to plain http, which is not followed`);
    next.username = next.password = "";
    return next;
  }

  async #sendOnce(exchange: Exchange, endpoint: Endpoint | undefined): Promise<Response> {
    const { method, url, headers, authorization, body, signal } = exchange;
    const isOwn = endpoint !== undefined && url.origin === endpoint.origin;
    const proxy = proxyFor(this.#proxies, url);
    // The time limit is for the head only: a body may take hours, and whoever reads it minds stalls.
    const late = new AbortController();
    const timer = body === undefined ? setTimeout(() => late.abort(), answerMs) : undefined;
    const stop = (): void => late.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    try {
      signal.throwIfAborted();
      return await fetch(url, {
        method,
        redirect: "manual",
        decompress: false,
        headers: {
          "User-Agent": userAgent,
          "Accept-Encoding": "identity",
          ...headers,
          ...(authorization === undefined ? {} : { Authorization: authorization }),
        },
        ...(body === undefined ? {} : { body: body as NonNullable<RequestInit["body"]> }),
        ...(proxy === undefined ? {} : { proxy }),
        ...(url.protocol === "https:" ? { tls: this.#tls(url, isOwn ? endpoint : undefined) } : {}),
        signal: late.signal,
      });
    } catch (err) {
      signal.throwIfAborted();
      throw unreachable(url, late.signal.aborted ? new Error("no answer within a minute") : err);
    } finally {
      clearTimeout(timer);
    }
  }

  #tls(url: URL, endpoint: Endpoint | undefined) {
    const isInsecure = endpoint?.isInsecure ?? isInsecureHost(this.#config, url.host);
    const found = this.#certificates(url.host, endpoint?.options ?? this.#config.registries[url.host] ?? {});
    return {
      rejectUnauthorized: !isInsecure,
      ca: [...this.#systemRoots(), ...found.ca],
      ...(found.cert === undefined ? {} : { cert: found.cert, key: found.key }),
    };
  }

  #systemRoots(): readonly string[] {
    if (this.#roots === undefined) {
      const system = getCACertificates("system");
      this.#roots = system.length > 0 ? system : getCACertificates("default");
    }
    return this.#roots;
  }

  /** Read anew each time, so that a certificate that was just put there counts: a few small files. */
  #certificates(host: string, options: RegistryOptions) {
    const ca = options.ca === undefined ? [] : [readPem(options.ca)];
    let cert = options.cert === undefined ? undefined : readPem(options.cert);
    let key = options.key === undefined ? undefined : readPem(options.key);
    for (const folder of this.#config.certsFolders) {
      const place = join(folder, host);
      for (const name of namesIn(place)) {
        if (name.endsWith(".crt")) ca.push(readPem(join(place, name)));
        if (!name.endsWith(".cert")) continue;
        cert ??= readPem(join(place, name));
        key ??= readPem(join(place, `${name.slice(0, -".cert".length)}.key`));
      }
    }
    return { ca, cert, key };
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch (err) {
    if (hasCode(err, "ENOENT", "ENOTDIR")) return [];
    throw err;
  }
}

function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new InvalidParameterError(`certificate or key ${path} cannot be read`, { cause });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ConnectionRefused: "connection refused",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "temporary failure in name resolution",
  FailedToOpenSocket: "no such host or no route to it",
  EPROTO: "it does not speak TLS on this port",
};

/** Where and why, without query (which may hold a signature) and user. */
export function unreachable(url: URL, err: unknown): UnreachableError {
  const code = err instanceof Error && "code" in err && typeof err.code === "string" ? err.code : "";
  const reason = reasons[code] ?? (err instanceof Error ? printable(err.message) : "no answer");
  return new UnreachableError(`${url.origin}${url.pathname}: ${reason}`);
}
