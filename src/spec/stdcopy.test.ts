import { expect, test } from "bun:test";
import { seededRandom } from "../../test/harness/random.ts";
import {
  encodeFrame,
  endStream,
  FrameSplitter,
  FramingError,
  putFrameHeader,
  stderrStream,
  stdoutStream,
  systemErrorStream,
  type OutputStream,
} from "./stdcopy.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** All payload of `pieces` as [stream, text] with neighbours of one stream joined. */
function split(pieces: readonly Uint8Array[]): [OutputStream, string][] {
  const splitter = new FrameSplitter();
  const parts: [OutputStream, string][] = [];
  for (const piece of pieces)
    splitter.push(piece, (stream, part) => {
      const last = parts.at(-1);
      if (last?.[0] === stream) last[1] += text(part);
      else parts.push([stream, text(part)]);
    });
  return parts;
}

test("a frame is stream, three zeros, the size in big-endian and the payload", () => {
  expect([...encodeFrame(stderrStream, Buffer.from("hi\n"))]).toEqual([2, 0, 0, 0, 0, 0, 0, 3, 104, 105, 10]);
});

test("a header is written in place, with all four bytes of the size", () => {
  const target = new Uint8Array(12).fill(0xee);
  putFrameHeader(target, 2, stdoutStream, 0x01020304);
  expect([...target]).toEqual([0xee, 0xee, 1, 0, 0, 0, 1, 2, 3, 4, 0xee, 0xee]);
});

test("frames come apart the same wherever the connection cuts them", () => {
  const whole = Buffer.concat([
    encodeFrame(stdoutStream, Buffer.from("one")),
    encodeFrame(stderrStream, Buffer.from("")),
    encodeFrame(stderrStream, Buffer.from("two-two")),
    encodeFrame(systemErrorStream, Buffer.from("!")),
    encodeFrame(stdoutStream, Buffer.from("three")),
  ]);
  const expected = split([whole]);
  expect(expected).toEqual([
    [1, "one"],
    [2, "two-two"],
    [3, "!"],
    [1, "three"],
  ]);
  for (let size = 1; size < whole.length; size++) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < whole.length; at += size) pieces.push(whole.subarray(at, at + size));
    expect(split(pieces)).toEqual(expected);
  }
});

test("payload is handed on before its frame is complete", () => {
  const frame = encodeFrame(stdoutStream, Buffer.from("prompt$ more"));
  expect(split([frame.subarray(0, 8 + 8)])).toEqual([[1, "prompt$ "]]);
});

test("stream 0 is shown as stdout, as Docker's reader does", () => {
  expect(split([Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 65)])).toEqual([[1, "A"]]);
});

test("complete tells a cut connection from an ended one", () => {
  const splitter = new FrameSplitter();
  const frame = encodeFrame(stdoutStream, Buffer.from("abc"));
  expect(splitter.complete).toBe(true);
  splitter.push(frame.subarray(0, 3), () => {});
  expect(splitter.complete).toBe(false);
  splitter.push(frame.subarray(3, 10), () => {});
  expect(splitter.complete).toBe(false);
  splitter.push(frame.subarray(10), () => {});
  expect(splitter.complete).toBe(true);
});

test("bytes that are no header are refused", () => {
  expect(() => split([Buffer.from("plain text of a terminal")])).toThrow(FramingError);
  expect(() => split([Uint8Array.of(1, 0, 7, 0, 0, 0, 0, 1)])).toThrow(FramingError);
});

test("any frames come apart whole, however the connection cuts them", () => {
  const random = seededRandom(1);
  for (let round = 0; round < 300; round++) {
    const frames = Array.from({ length: random.below(8) }, () => ({
      stream: random.pick([stdoutStream, stderrStream, systemErrorStream] as const),
      payload: random.bytes(random.below(50)).toString("hex"),
    }));
    const whole = Buffer.concat(
      frames.map(({ stream, payload }) => encodeFrame(stream, Buffer.from(payload))),
    );
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < whole.length;) pieces.push(whole.subarray(at, (at += 1 + random.below(20))));
    const expected: [OutputStream, string][] = [];
    for (const { stream, payload } of frames) {
      const last = expected.at(-1);
      if (last?.[0] === stream) last[1] += payload;
      else if (payload !== "") expected.push([stream, payload]);
    }
    expect(split(pieces)).toEqual(expected);
  }
});

test("any bytes give parts of them or a FramingError, nothing else", () => {
  const random = seededRandom(2);
  for (let round = 0; round < 2000; round++) {
    const bytes = Buffer.concat([
      encodeFrame(stdoutStream, random.bytes(random.below(9))),
      random.bytes(random.below(40)),
    ]);
    for (let hits = random.below(3); hits > 0; hits--) bytes[random.below(bytes.length)] = random.below(8);
    let taken = 0;
    try {
      new FrameSplitter().push(bytes, (_stream, part) => (taken += part.length));
    } catch (err) {
      expect(err).toBeInstanceOf(FramingError);
    }
    expect(taken).toBeLessThanOrEqual(bytes.length);
  }
});

test("the end of the program is a frame to those who ask for it, and no frame to others", () => {
  const bytes = encodeFrame(endStream, Buffer.from('{"StatusCode":3}'));
  const seen: [OutputStream, string][] = [];
  new FrameSplitter(endStream).push(bytes, (stream, part) =>
    seen.push([stream, Buffer.from(part).toString()]),
  );
  expect(seen).toEqual([[endStream, '{"StatusCode":3}']]);
  expect(() => new FrameSplitter().push(bytes, () => {})).toThrow(FramingError);
});
