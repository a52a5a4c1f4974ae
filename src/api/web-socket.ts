// Attaching by websocket. Bun brings the `ws` library with it: loaded when the first client asks for it.
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Writable } from "node:stream";
import type { Duplex } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { InvalidParameterError } from "../base/errors.ts";
import { FrameSplitter } from "../spec/stdcopy.ts";

/** RFC 6455, 4.2.1: what the client's handshake holds. A handler asks before it does anything. */
export function requireWebSocket(headers: IncomingHttpHeaders): void {
  const { upgrade = "", "sec-websocket-key": key = "", "sec-websocket-version": version } = headers;
  if (upgrade.toLowerCase() !== "websocket") throw new InvalidParameterError("not websocket protocol");
  if (version !== "13") throw new InvalidParameterError("missing or bad WebSocket Version");
  if (!/^[+/0-9A-Za-z]{22}==$/.test(key))
    throw new InvalidParameterError("mismatch challenge/response: bad Sec-WebSocket-Key");
}

/** A message that the client sends is a piece to read, a piece written is a binary message, or a text one if it is a string. */
export async function acceptWebSocket(request: IncomingMessage, socket: Duplex): Promise<Duplex> {
  const { createWebSocketStream, WebSocketServer } = await import("ws");
  const server = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes });
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new InvalidParameterError("the websocket was closed in its handshake"));
    if (socket.destroyed) return gone();
    socket.once("close", gone);
    return server.handleUpgrade(request, socket, Buffer.alloc(0), (webSocket) =>
      resolve(createWebSocketStream(webSocket, { decodeStrings: false })),
    );
  });
}

/** A message is held as a whole before it is handed on. */
const maxMessageBytes = 16 * 2 ** 20;

type Form = { readonly framed: boolean; readonly text: boolean };

/** Where a container's output is written to go to the client as messages; it ends and closes with `webSocket`. */
export function messagesOf(webSocket: Duplex, { framed, text }: Form): Writable {
  const splitter = new FrameSplitter();
  const decoder = new StringDecoder("utf8");
  const output = new Writable({
    write(piece: Buffer, _encoding, done) {
      try {
        const bytes = framed ? unframed(splitter, piece) : piece;
        const message = text ? decoder.write(bytes) : bytes;
        if (message.length === 0) done();
        else webSocket.write(message, () => done());
      } catch (err) {
        done(err as Error); // What was attached does not speak in frames.
      }
    },
    final(done) {
      webSocket.end(done);
    },
    destroy(err, done) {
      webSocket.destroy();
      done(err);
    },
  });
  webSocket.on("close", () => output.destroy());
  return output;
}

function unframed(splitter: FrameSplitter, piece: Buffer): Buffer {
  const parts: Uint8Array[] = [];
  splitter.push(piece, (_stream, part) => parts.push(part));
  return Buffer.concat(parts);
}
