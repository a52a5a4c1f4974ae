// A POST as its bytes, for what no client's library shows: the head of the answer, and all that follows it on the connection.
import { connect } from "node:net";
import type { Socket } from "node:net";
import { text as allOf } from "node:stream/consumers";

export type RawAnswer = { readonly status: number; readonly head: string; readonly text: string };

/** Sent on a connection of its own, which stays open for what the caller writes after it. */
export function sendRaw(socketPath: string, path: string, body: object, upgrade: boolean): Socket {
  const json = JSON.stringify(body);
  const lines = [
    `POST ${path} HTTP/1.1`,
    "Host: test",
    ...(upgrade ? ["Connection: Upgrade", "Upgrade: tcp"] : ["Connection: close"]),
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(json)}`,
  ];
  const socket = connect(socketPath);
  socket.write(`${lines.join("\r\n")}\r\n\r\n${json}`);
  return socket;
}

/** Once the other side has closed. */
export async function rawAnswer(socket: Socket): Promise<RawAnswer> {
  const [head = "", ...rest] = (await allOf(socket)).split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), head: `${head}\r\n`, text: rest.join("\r\n\r\n") };
}

/** A frame of a stream (spec/stdcopy.ts) of less than 128 bytes, as text. */
export function frameText(stream: number, payload: string): string {
  return `${String.fromCharCode(stream, 0, 0, 0, 0, 0, 0, payload.length)}${payload}`;
}
