// The Engine API from the outside: requests and answers, without knowing what any of them means.
//
// No version negotiation: paths go unversioned, which means the daemon's newest version, so that `run` costs no
// `_ping` first. DOCKER_API_VERSION puts that version in front, as Docker's client does.

import { Connection } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import { ResponseError } from "./errors.ts";
import { readBody, readHead, reusable, sendRequest } from "./http.ts";
import type { Body, HttpRequest, ResponseHead } from "./http.ts";

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

export class EngineClient {
  readonly endpoint: Endpoint;
  readonly #prefix: string;
  #idle: Connection[] = [];
  readonly #busy = new Set<Connection>();
  #closed = false;

  constructor(endpoint: Endpoint, apiVersion?: string) {
    this.endpoint = endpoint;
    this.#prefix = apiVersion ? `/v${apiVersion.replace(/^v/, "")}` : "";
  }

  /** Opens connections ahead of their use, so that connecting and the caller's own work overlap. */
  async warm(count: number): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, async () => {
        const connection = await Connection.open(this.endpoint);
        if (this.#closed) connection.close();
        else this.#idle.push(connection);
      }),
    );
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
    const connection = await this.#take();
    const head = await this.#exchange(connection, call);
    return { head, body: this.#body(connection, head, call.method), close: () => this.#drop(connection) };
  }

  /**
   * Sends a call that turns its connection into a raw stream both ways (attach, exec). Throws ResponseError when the
   * daemon refuses. A daemon that answers 200 instead of 101 has hijacked as well, as Docker's did before 1.24.
   */
  async hijack(call: Call): Promise<Connection> {
    const connection = await this.#take();
    const headers = { ...call.headers, Connection: "Upgrade", Upgrade: "tcp" };
    await this.#exchange(connection, { ...call, headers });
    return connection;
  }

  close(): void {
    this.#closed = true;
    for (const connection of [...this.#idle, ...this.#busy]) connection.close();
    this.#idle = [];
    this.#busy.clear();
  }

  async #take(): Promise<Connection> {
    let connection = this.#idle.pop();
    while (connection?.ended) {
      connection.close();
      connection = this.#idle.pop();
    }
    connection ??= await Connection.open(this.endpoint);
    this.#busy.add(connection);
    return connection;
  }

  async #exchange(connection: Connection, call: Call): Promise<ResponseHead> {
    try {
      const sent = sendRequest(connection, this.#encode(call));
      // The head may come before the body is out: a refused upload. A failure to read the source ends the call.
      const head = await Promise.race([readHead(connection), sent.then(() => new Promise<never>(() => {}))]);
      if (head.status >= 400) throw await this.#failure(connection, head, call);
      return head;
    } catch (err) {
      this.#drop(connection);
      throw err;
    }
  }

  #encode(call: Call): HttpRequest {
    const path = this.#prefix + call.path + encodeQuery(call.query);
    const { method, headers } = call;
    if (call.json !== undefined) {
      const withType = { "Content-Type": "application/json", ...headers };
      return { method, path, headers: withType, body: JSON.stringify(call.json) };
    }
    const body: Body | undefined = call.stream;
    return { method, path, ...(headers && { headers }), ...(body && { body }) };
  }

  async *#body(connection: Connection, head: ResponseHead, method: HttpRequest["method"]): Answer["body"] {
    let complete = false;
    try {
      yield* readBody(connection, head, method);
      complete = true;
    } finally {
      this.#busy.delete(connection);
      if (complete && reusable(head)) this.#idle.push(connection);
      else connection.close();
    }
  }

  async #failure(connection: Connection, head: ResponseHead, call: Call): Promise<ResponseError> {
    const text = await bodyText(readBody(connection, head, call.method));
    return new ResponseError(head.status, errorMessage(text, head, call));
  }

  #drop(connection: Connection): void {
    this.#busy.delete(connection);
    connection.close();
  }
}

async function bodyText(body: AsyncIterable<Uint8Array>): Promise<string> {
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
