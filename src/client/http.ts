// HTTP/1.1 over one Connection: as much of it as the Engine API needs, and no more (see connection.ts for why).

import { chunkedStart, decodeChunked } from "./chunked.ts";
import type { Connection } from "./connection.ts";
import { ProtocolError } from "./errors.ts";

export type Body = string | AsyncIterable<Uint8Array>;

export type HttpRequest = {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Path with query, already escaped. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
};

export type ResponseHead = {
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
};

const longestHead = 1 << 20;
const cutOff = "the daemon's answer was cut off";

/** Sends a request; a body that is a stream is sent in chunks until its end or until the daemon stops reading. */
export async function sendRequest(connection: Connection, request: HttpRequest): Promise<void> {
  const { method, path, headers, body } = request;
  let head = `${method} ${path} HTTP/1.1\r\nHost: sampan\r\nUser-Agent: Sampan-Client\r\n`;
  for (const [name, value] of Object.entries(headers ?? {})) head += `${name}: ${value}\r\n`;
  if (typeof body === "string") {
    // One write for both: the daemon reads the whole request in one go.
    await connection.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  } else if (body === undefined) {
    await connection.write(
      `${head}${method === "POST" || method === "PUT" ? "Content-Length: 0\r\n" : ""}\r\n`,
    );
  } else {
    await connection.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
    await sendChunks(connection, body);
  }
}

async function sendChunks(connection: Connection, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const bytes of body) {
    if (bytes.length === 0) continue;
    await connection.write(`${bytes.length.toString(16)}\r\n`);
    await connection.write(bytes);
    if (!(await connection.write("\r\n"))) return;
  }
  await connection.write("0\r\n\r\n");
}

/** Reads the head of the next answer; interim answers (100 Continue) are skipped. */
export async function readHead(connection: Connection): Promise<ResponseHead> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const pieces = await connection.read();
    if (pieces === undefined) {
      throw new ProtocolError(
        bytes.length === 0 ? "the daemon closed the connection without an answer" : cutOff,
      );
    }
    bytes = Buffer.concat([bytes, ...pieces]);
    for (let end = bytes.indexOf("\r\n\r\n"); end >= 0; end = bytes.indexOf("\r\n\r\n")) {
      const head = parseHead(bytes.toString("latin1", 0, end));
      bytes = bytes.subarray(end + 4);
      if (head.status >= 200 || head.status === 101) {
        connection.unread(bytes);
        return head;
      }
    }
    if (bytes.length > longestHead) throw new ProtocolError("the head of the daemon's answer is too long");
  }
}

function parseHead(text: string): ResponseHead {
  const [first = "", ...lines] = text.split("\r\n");
  const match = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(first);
  if (!match) throw new ProtocolError(`this is no HTTP answer: ${first.slice(0, 80)}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(match[1]), statusText: match[2] ?? "", headers };
}

/**
 * The pieces of an answer's body, as they arrive. When it has been read to its end, the connection stands before the
 * next answer (see `reusable`).
 */
export async function* readBody(
  connection: Connection,
  head: ResponseHead,
  method: HttpRequest["method"],
): AsyncGenerator<Uint8Array, void, undefined> {
  if (method === "HEAD" || head.status === 204 || head.status === 304) return;
  if (head.headers.get("transfer-encoding")?.toLowerCase() === "chunked") {
    yield* readChunked(connection);
    return;
  }
  const length = head.headers.get("content-length");
  let missing = length === undefined ? Number.POSITIVE_INFINITY : Number(length);
  while (missing > 0) {
    const pieces = await connection.read();
    if (pieces === undefined) {
      if (length === undefined) return;
      throw new ProtocolError(cutOff);
    }
    for (const piece of pieces) {
      const wanted = piece.subarray(0, Math.min(piece.length, missing));
      missing -= wanted.length;
      if (wanted.length > 0) yield wanted;
    }
  }
}

async function* readChunked(connection: Connection): AsyncGenerator<Uint8Array, void, undefined> {
  let state = chunkedStart;
  while (state.at !== "done") {
    const arrived = await connection.read();
    if (arrived === undefined) throw new ProtocolError(cutOff);
    for (const bytes of arrived) {
      const step = decodeChunked(state, bytes);
      state = step.state;
      yield* step.pieces;
      if (state.at === "done") connection.unread(step.rest);
    }
  }
}

/** Whether another request may be sent on the connection after the body was read. */
export function reusable(head: ResponseHead): boolean {
  const framed = head.headers.has("content-length") || head.headers.has("transfer-encoding");
  const bodiless = head.status === 204 || head.status === 304;
  return (framed || bodiless) && head.headers.get("connection")?.toLowerCase() !== "close";
}
