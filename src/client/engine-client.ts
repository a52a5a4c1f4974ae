// The Engine API from the outside: requests and answers, without knowing what any of them means.
//
// No negotiation ahead, so that `run` costs no `_ping` first: calls ask for the version whose answers this client
// shows. A daemon that does not know it refuses (400) and names its own newest one, which is then used. With
// DOCKER_API_VERSION there is nothing to find out.

import type { Endpoint } from "./endpoint.ts";
import { ResponseError } from "./errors.ts";
import type { Body, HttpRequest, ResponseHead } from "./http.ts";
import { SocketTransport } from "./socket-transport.ts";
import type { Exchange, RawStream, Transport } from "./transport.ts";

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export type Call = {
  readonly method: HttpRequest["method"];
  /** Path without version and query: "/containers/json". */
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, in chunks. */
  readonly stream?: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
};

/** An answer whose body is still to be read. */
export type Answer = {
  readonly head: ResponseHead;
  readonly body: AsyncGenerator<Uint8Array, void, undefined>;
  /** Gives the connection up in the middle of a body. */
  readonly close: () => void;
};

/** The version of the API that Docker's client 28 speaks: what it shows is what users' scripts read. */
export const clientApiVersion = "1.50";

export class EngineClient {
  readonly endpoint: Endpoint;
  readonly #transport: Transport;
  /** Sent with every call. */
  readonly #headers: Readonly<Record<string, string>>;
  #version: string;
  /** The user's own choice is not changed. */
  readonly #versionIsFixed: boolean;
  /** The daemon has answered in this version. */
  #versionIsKnown: boolean;

  /** @param transport sockets to the endpoint, unless the engine is nearer. */
  constructor(
    endpoint: Endpoint,
    apiVersion?: string,
    headers: Readonly<Record<string, string>> = {},
    transport: Transport = new SocketTransport(endpoint),
  ) {
    this.endpoint = endpoint;
    this.#transport = transport;
    this.#headers = headers;
    this.#version = apiVersion?.replace(/^v/, "") || clientApiVersion;
    this.#versionIsFixed = Boolean(apiVersion);
    this.#versionIsKnown = this.#versionIsFixed;
  }

  /** The version that calls are made in; after the first answer, the one that the daemon knows as well. */
  get apiVersion(): string {
    return this.#version;
  }

  /** Opens connections ahead of their use, so that connecting and the caller's own work overlap. */
  async warm(count: number): Promise<void> {
    await this.#transport.warm(count);
  }

  /** Sends a call and reads the whole answer as JSON; undefined for an empty one. Throws ResponseError. */
  async json<T>(call: Call): Promise<T> {
    const text = await this.text(call);
    return (text.trim() === "" ? undefined : JSON.parse(text)) as T;
  }

  /** The same, with the body as the daemon wrote it. */
  async text(call: Call): Promise<string> {
    const answer = await this.open(call);
    return await bodyText(answer.body);
  }

  /**
   * Sends a call and returns when the head of its answer is there. The connection returns to the pool when the body
   * has been read to its end. Throws ResponseError for a status of 400 and above.
   */
  async open(call: Call): Promise<Answer> {
    const { head, body, close } = await this.#send(call);
    return { head, body: body(), close };
  }

  /**
   * Sends a call that turns its connection into a raw stream both ways (attach, exec). Throws ResponseError when the
   * daemon refuses. A daemon that answers 200 instead of 101 has hijacked as well, as Docker's did before 1.24.
   */
  async hijack(call: Call): Promise<RawStream> {
    return (await this.hijackOrAnswer(call)).stream();
  }

  /** The same where the daemon may answer with a body instead: the status tells which. */
  async hijackOrAnswer(call: Call): Promise<Exchange> {
    const headers = { ...call.headers, Connection: "Upgrade", Upgrade: "tcp" };
    return await this.#send({ ...call, headers });
  }

  close(): void {
    this.#transport.close();
  }

  /** Sends a call; once more, with an older version, if the daemon is older than we thought. */
  async #send(call: Call): Promise<Exchange> {
    // A stream cannot be sent twice: find the version out before.
    if (!this.#versionIsKnown && call.stream !== undefined)
      await this.text({ method: "GET", path: "/_ping" });
    const used = this.#version;
    const exchange = await this.#transport.send(this.#encode(call));
    const { head } = exchange;
    if (head.status < 400) {
      this.#versionIsKnown = true;
      return exchange;
    }
    const failure = new ResponseError(head.status, errorMessage(await bodyText(exchange.body()), head, call));
    exchange.close();
    const newest = head.headers.get("api-version");
    const older = head.status === 400 && newest !== undefined && compareVersions(newest, used) < 0;
    if (this.#versionIsFixed || !older) throw failure;
    this.#version = newest;
    return await this.#send(call);
  }

  #encode(call: Call): HttpRequest {
    const path = `/v${this.#version}${call.path}${encodeQuery(call.query)}`;
    const { method } = call;
    const headers = { ...this.#headers, ...call.headers };
    if (call.json !== undefined) {
      const withType = { "Content-Type": "application/json", ...headers };
      return { method, path, headers: withType, body: JSON.stringify(call.json) };
    }
    const body: Body | undefined = call.stream;
    return { method, path, headers, ...(body && { body }) };
  }
}

/** "1.9" comes before "1.41". */
function compareVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorA - majorB || minorA - minorB;
}

export async function bodyText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

function errorMessage(text: string, head: ResponseHead, call: Call): string {
  if (head.headers.get("content-type")?.startsWith("application/json")) {
    try {
      const message = (JSON.parse(text) as { message?: unknown }).message;
      if (typeof message === "string") return message.trim();
    } catch (err) {
      if (!(err instanceof SyntaxError)) throw err;
    }
  }
  if (text.trim() !== "") return text.trim();
  return (
    `request returned ${head.status} ${head.statusText} for ${call.method} ${call.path}, ` +
    "check if the server supports the requested API version"
  );
}

/** `?a=1&b=x&b=y`: false and undefined are left out, true is "1", a list repeats its name. */
export function encodeQuery(query: Query | undefined): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === false) continue;
    const values = Array.isArray(value)
      ? (value as readonly string[])
      : [value === true ? "1" : String(value)];
    for (const one of values) parts.push(`${name}=${encodeURIComponent(one)}`);
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
