import { describe, expect, test } from "bun:test";
import { chunkedStart, decodeChunked } from "./chunked.ts";
import type { ChunkedState } from "./chunked.ts";
import { ProtocolError } from "./errors.ts";

/** Decodes a body that arrives in pieces of the given sizes, over and over. */
function decode(
  bytes: Uint8Array,
  sizes: readonly number[],
): { text: string; rest: string; at: ChunkedState["at"] } {
  let state = chunkedStart;
  const pieces: Uint8Array[] = [];
  let rest = "";
  for (let from = 0, turn = 0; from < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    const step = decodeChunked(state, bytes.subarray(from, from + size));
    state = step.state;
    pieces.push(...step.pieces);
    rest += Buffer.from(step.rest).toString("latin1");
    from += size;
  }
  return { text: Buffer.concat(pieces).toString("latin1"), rest, at: state.at };
}

const encode = (chunks: readonly string[], trailers = "") =>
  Buffer.from(
    `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("")}0\r\n${trailers}\r\n`,
  );

describe("decodeChunked", () => {
  test("a body comes out whole, wherever it is cut", () => {
    const chunks = ["hello", "x".repeat(300), "\r\n0\r\n\r\n", "end"];
    const bytes = encode(chunks);
    for (const sizes of [[1], [2], [3, 1], [7], [64, 5], [1000]]) {
      expect(decode(bytes, sizes)).toEqual({ text: chunks.join(""), rest: "", at: "done" });
    }
  });

  test("extensions and trailers are skipped", () => {
    const bytes = Buffer.from("3;name=value\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n");
    expect(decode(bytes, [4])).toEqual({ text: "abc", rest: "", at: "done" });
  });

  test("what follows the body is handed back", () => {
    const step = decodeChunked(chunkedStart, Buffer.concat([encode(["a"]), Buffer.from("HTTP/1.1 200 OK")]));
    expect(step.state.at).toBe("done");
    expect(Buffer.from(step.rest).toString()).toBe("HTTP/1.1 200 OK");
  });

  test("data is handed on as a view, before its chunk is complete", () => {
    const bytes = Buffer.from("a\r\n01234");
    const step = decodeChunked(chunkedStart, bytes);
    expect(step.pieces[0]?.buffer).toBe(bytes.buffer);
    expect(step.state).toEqual({ at: "data", missing: 5, line: "" });
  });

  test.each(["x\r\n", "-1\r\n", "\r\n", "ffffffffffffff\r\n", "3\r\nabcdef\r\n"])("refuses %j", (text) => {
    expect(() => decodeChunked(chunkedStart, Buffer.from(text))).toThrow(ProtocolError);
  });

  test("a size line without an end is not collected for ever", () => {
    expect(() => decodeChunked(chunkedStart, Buffer.from("1".repeat(5000)))).toThrow(ProtocolError);
  });
});
