// Decoder of HTTP/1.1's chunked transfer coding (RFC 9112, section 7.1). Pure: bytes in, pieces out, no copies.

import { ProtocolError } from "./errors.ts";

export type ChunkedState = {
  /** What comes next: a size line, data, the line end after data, or trailers. */
  readonly at: "size" | "data" | "data-end" | "trailer" | "done";
  /** Bytes of data that are still missing in this chunk. */
  readonly missing: number;
  /** The beginning of a line that was cut off. */
  readonly line: string;
};

export type ChunkedStep = {
  readonly state: ChunkedState;
  readonly pieces: readonly Uint8Array[];
  /** What follows the body: the beginning of the next answer. */
  readonly rest: Uint8Array;
};

export const chunkedStart: ChunkedState = { at: "size", missing: 0, line: "" };

const longestLine = 4096;
const newline = 10;
const nothing = new Uint8Array(0);

/** Takes the next bytes of a body. Throws ProtocolError for what is no chunked body. */
export function decodeChunked(state: ChunkedState, bytes: Uint8Array): ChunkedStep {
  const pieces: Uint8Array[] = [];
  let { at, missing, line } = state;
  let position = 0;
  while (position < bytes.length && at !== "done") {
    if (at === "data") {
      const piece = bytes.subarray(position, position + missing);
      pieces.push(piece);
      position += piece.length;
      missing -= piece.length;
      if (missing === 0) at = "data-end";
      continue;
    }
    const end = bytes.indexOf(newline, position);
    line += latin1(bytes.subarray(position, end < 0 ? bytes.length : end));
    if (line.length > longestLine)
      throw new ProtocolError("a line of the daemon's chunked answer is too long");
    if (end < 0) return { state: { at, missing, line }, pieces, rest: nothing };
    position = end + 1;
    const text = line.replace(/\r$/, "");
    line = "";
    if (at === "size") {
      missing = chunkSize(text);
      at = missing === 0 ? "trailer" : "data";
    } else if (at === "data-end") {
      if (text !== "") throw new ProtocolError("a chunk of the daemon's answer is longer than announced");
      at = "size";
    } else if (text === "") {
      at = "done";
    }
  }
  return { state: { at, missing, line }, pieces, rest: bytes.subarray(position) };
}

function chunkSize(text: string): number {
  const digits = text.split(";", 1)[0]?.trim() ?? "";
  if (!/^[0-9a-f]{1,12}$/i.test(digits))
    throw new ProtocolError(`bad chunk size in the daemon's answer: ${text}`);
  return Number.parseInt(digits, 16);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
