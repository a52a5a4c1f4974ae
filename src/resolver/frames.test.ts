import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { FrameReader, framed } from "./frames.ts";

test("FrameReader: gets back what was framed, however it is cut into pieces", () => {
  const messages = [0, 1, 12, 600, 0xffff].map((length) => randomBytes(length));
  const stream = Buffer.concat(messages.map(framed));
  for (const size of [1, 2, 3, 1000, stream.length]) {
    const reader = new FrameReader();
    const got: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size) got.push(...reader.push(stream.subarray(at, at + size)));
    expect(Buffer.concat(got.map(framed)).equals(stream)).toBe(true);
  }
});
