// Puts an answer on a connection. A request that asked for an upgrade has no response object, only its socket; both are
// written through one small `Sink`.
import { STATUS_CODES } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex, Writable } from "node:stream";
import { InvalidParameterError } from "../base/errors.ts";
import type { Answer, Headers, HijackAnswer, StreamAnswer, WebSocketAnswer } from "./answer.ts";
import { jsonType, rawStreamType } from "./answer.ts";
import { pumpHijacked } from "./pump.ts";
import { acceptWebSocket, messagesOf } from "./web-socket.ts";
import { writeAll } from "./write-stream.ts";

export type Sink = {
  readonly stream: Writable;
  /** After this an answer cannot become an error answer any more. */
  isStarted(): boolean;
  /** Sends status and headers at once. */
  head(status: number, headers: Headers): void;
  /** Turns the connection into a byte stream: what the client sends from now on, and where its output goes. */
  hijack(
    type: string,
    headers: Headers,
  ): { readonly input: NodeJS.ReadableStream; readonly output: Writable };
  /** Turns the connection into a websocket. InvalidParameterError when the client did not ask for one, or has gone. */
  webSocket(): Promise<Duplex>;
};

export function responseSink(request: IncomingMessage, response: ServerResponse): Sink {
  return {
    stream: response,
    isStarted: () => response.headersSent,
    head: (status, headers) => {
      response.writeHead(status, headers);
    },
    hijack: (_type, headers) => {
      // No Upgrade header: the request's body is the input, the response's is the output, unframed until the end.
      response.useChunkedEncodingByDefault = false;
      response.shouldKeepAlive = false;
      response.writeHead(200, { "Content-Type": rawStreamType, ...headers });
      response.flushHeaders();
      return { input: request, output: response };
    },
    webSocket: () => Promise.reject(new InvalidParameterError("not websocket protocol")),
  };
}

/** `common` are headers that every answer has; a response object carries them already, a bare socket does not. */
export function socketSink(request: IncomingMessage, socket: Duplex, common: Headers): Sink {
  let started = false;
  const write = (text: string): void => {
    started = true;
    socket.write(text);
  };
  return {
    stream: socket,
    isStarted: () => started,
    head: (status, headers) => {
      const lines = Object.entries({ ...common, ...headers, Connection: "close" });
      write(headText(`${status} ${STATUS_CODES[status] ?? ""}`, lines));
    },
    hijack: (type, headers) => {
      const lines = { "Content-Type": type, Connection: "Upgrade", Upgrade: "tcp", ...headers };
      write(headText("101 UPGRADED", Object.entries(lines)));
      return { input: socket, output: socket };
    },
    webSocket: async () => {
      const accepted = await acceptWebSocket(request, socket);
      started = true;
      return accepted;
    },
  };
}

function headText(status: string, headers: readonly (readonly [string, string])[]): string {
  return `HTTP/1.1 ${status}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/** Resolves when the answer is complete or the client is gone; rejects with what the answer's own stream failed with. */
export async function writeAnswer(answer: Answer, sink: Sink, signal: AbortSignal): Promise<void> {
  switch (answer.kind) {
    case "empty":
      sink.head(answer.status, answer.headers ?? {});
      sink.stream.end();
      return;
    case "text":
      return writeWhole(sink, answer.status, answer.text, {
        "Content-Type": "text/plain; charset=utf-8",
        ...answer.headers,
      });
    case "json":
      return writeWhole(sink, answer.status, `${JSON.stringify(answer.value)}\n`, {
        "Content-Type": jsonType,
      });
    case "stream":
      return writeStream(answer, sink, signal);
    case "hijack":
      return writeHijacked(answer, sink, signal);
    case "websocket":
      return writeWebSocket(answer, sink, signal);
  }
}

async function writeHijacked(answer: HijackAnswer, sink: Sink, signal: AbortSignal): Promise<void> {
  const { input, output } = sink.hijack(answer.type, answer.headers ?? {});
  const hijacked = await answer.open();
  if (signal.aborted) hijacked.stream?.destroy();
  else await pumpHijacked(input, output, hijacked, signal);
}

async function writeWebSocket(answer: WebSocketAnswer, sink: Sink, signal: AbortSignal): Promise<void> {
  const hijacked = await answer.open();
  try {
    const webSocket = await sink.webSocket();
    await pumpHijacked(webSocket, messagesOf(webSocket, answer), hijacked, signal);
  } finally {
    hijacked.stream?.destroy();
  }
}

function writeWhole(sink: Sink, status: number, text: string, headers: Headers): void {
  sink.head(status, { ...headers, "Content-Length": String(Buffer.byteLength(text)) });
  sink.stream.end(text);
}

async function writeStream(answer: StreamAnswer, sink: Sink, signal: AbortSignal): Promise<void> {
  const chunks = answer.chunks[Symbol.asyncIterator]();
  const { stream } = sink;
  const head = (): void => sink.head(200, { "Content-Type": answer.type, ...answer.headers });
  if (answer.headFirst) {
    head();
    if ("flushHeaders" in stream) (stream as ServerResponse).flushHeaders();
    await writeAll(stream, answer.chunks, signal);
  } else {
    const first = await chunks.next();
    try {
      head();
      if (!first.done) {
        stream.write(first.value);
        await writeAll(stream, { [Symbol.asyncIterator]: () => chunks }, signal);
      }
    } finally {
      // What it holds is let go of, whatever has become of the client.
      await chunks.return?.();
    }
  }
  stream.end();
}
