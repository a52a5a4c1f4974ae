import { expect, test } from "bun:test";
import { seededRandom } from "../../test/harness/random.ts";
import { FrameSplitter } from "../spec/stdcopy.ts";
import { LogDecoder, type LogSelection } from "./log-decoder.ts";
import { LogEncoder } from "./log-encoder.ts";
import { normalStamp } from "./log-stamp.ts";

const everything: LogSelection = { stdout: true, stderr: true, timestamps: false, framed: false };

type Line = { log: string; stream?: string; time?: string };

const line = ({ log, stream = "stdout", time = "2026-01-02T03:04:05.000000001Z" }: Line): string =>
  `${JSON.stringify({ log, stream, time })}\n`;

function decode(file: string, selection: Partial<LogSelection> = {}, decoder?: LogDecoder): Buffer {
  const input = Buffer.from(file);
  const output = new Uint8Array(input.length);
  const used = decoder ?? new LogDecoder({ ...everything, ...selection });
  used.decode(input, input.length, output);
  return Buffer.from(output.subarray(0, used.produced));
}

const text = (file: string, selection: Partial<LogSelection> = {}): string =>
  decode(file, selection).toString();

test("what the encoder wrote comes back", () => {
  const output = Buffer.concat([
    Buffer.from(Array.from({ length: 0x80 }, (_, byte) => byte)),
    Buffer.from('\n"quoted" \\ back/slash é 日本 😀\n'),
  ]);
  const encoder = new LogEncoder(1 << 20);
  encoder.encode(output, 0, output.length, true, "stderr");
  const file = Buffer.from(encoder.output.subarray(0, encoder.produced)).toString();
  expect(text(file)).toBe(output.toString());
});

test("each entry is a frame of its stream", () => {
  const frames: [number, string][] = [];
  const file = line({ log: "out\n" }) + line({ log: "err\n", stream: "stderr" }) + line({ log: "é" });
  new FrameSplitter().push(decode(file, { framed: true }), (stream, part) =>
    frames.push([stream, Buffer.from(part).toString()]),
  );
  expect(frames).toEqual([
    [1, "out\n"],
    [2, "err\n"],
    [1, "é"],
  ]);
});

test("timestamps come first, inside the frame", () => {
  const file = line({ log: "x\n", time: "2026-01-02T03:04:05.000000007Z" });
  expect(text(file, { timestamps: true })).toBe("2026-01-02T03:04:05.000000007Z x\n");
  const framed = decode(file, { timestamps: true, framed: true });
  expect(framed.readUInt32BE(4)).toBe(framed.length - 8);
});

test("a stream that is not wanted is left out", () => {
  const file = line({ log: "out\n" }) + line({ log: "err\n", stream: "stderr" });
  expect(text(file, { stdout: false })).toBe("err\n");
  expect(text(file, { stderr: false })).toBe("out\n");
});

test("since and until take both ends in, and the first later entry ends it", () => {
  const at = (nanosecond: number): string => `2026-01-02T03:04:05.00000000${nanosecond}Z`;
  const file = [1, 2, 3, 4, 5].map((n) => line({ log: `${n}\n`, time: at(n) })).join("");
  expect(text(file, { since: at(2), until: at(4) })).toBe("2\n3\n4\n");
  const decoder = new LogDecoder({ ...everything, until: at(1) });
  decode(file, {}, decoder);
  expect(decoder.finished).toBe(true);
});

test("entries in Docker's form are read too", () => {
  const foreign = [
    '{"log":"short time\\n","stream":"stdout","time":"2026-01-02T03:04:05.1Z"}',
    '{"time":"2026-01-02T03:04:05Z","stream":"stderr","log":"other order\\n"}',
    '{"log":"\\u003chtml\\u003e \\u00e9 \\ufffd\\n","stream":"stdout","attrs":{"a":"b"},"time":"2026-01-02T04:04:05.25+01:00"}',
    ' { "log" : "spaces\\n", "stream" : "stdout", "time" : "2026-01-02T03:04:05.000000001Z" } ',
  ].map((entry) => `${entry}\n`);
  expect(text(foreign.join(""))).toBe("short time\nother order\n<html> é \u{fffd}\nspaces\n");
  expect(text(foreign[2] ?? "", { timestamps: true })).toStartWith("2026-01-02T03:04:05.250000000Z <html>");
});

test("the same text is decoded alike on both ways", () => {
  const samples = ["", "\n", "plain\n", '\\"\\\\"', "\t\r\b\f", "\u0000\u001f", "日本\n", "x".repeat(20_000)];
  for (const log of samples) {
    const own = line({ log });
    const foreign = `${JSON.stringify({ log, stream: "stdout", x: 0, time: "2026-01-02T03:04:05.000000001Z" })}\n`;
    expect(text(own)).toBe(log);
    expect(text(foreign)).toBe(log);
  }
});

test("an incomplete last line is left for later", () => {
  const whole = line({ log: "whole\n" });
  const next = line({ log: "next\n" });
  for (let cut = 0; cut < next.length; cut++) {
    const decoder = new LogDecoder(everything);
    expect(decode(whole + next.slice(0, cut), {}, decoder).toString()).toBe("whole\n");
    expect(decoder.consumed).toBe(whole.length);
  }
});

test("what is no entry is left out and the rest goes on", () => {
  const torn = ['{"log":"half', "\0\0\0\0", "{}", "[]", "null", '{"log":1,"stream":"stdout","time":"x"}', ""];
  const noTime = '{"log":"x","stream":"stdout","time":"yesterday"}';
  const file = [...torn, noTime].map((bad) => `${bad}\n`).join("") + line({ log: "good\n" });
  expect(text(file)).toBe("good\n");
});

test("a foreign line that is not UTF-8 does not outgrow its room", () => {
  const bad = Buffer.from(
    ' {"log":"' + "?".repeat(200) + '","stream":"stdout","time":"2026-01-02T03:04:05Z"}\n',
  );
  const input = Buffer.from(bad.map((byte) => (byte === 0x3f ? 0xff : byte)));
  const decoder = new LogDecoder({ ...everything, framed: true, timestamps: true });
  decoder.decode(input, input.length, new Uint8Array(input.length));
  expect(decoder.produced).toBeLessThanOrEqual(input.length);
  expect(decoder.consumed).toBe(input.length);
});

test("skipKnown leaves out what was met before, and only that", () => {
  const at = (nanosecond: number): string => `2026-01-02T03:04:05.00000000${nanosecond}Z`;
  const entries = [1, 2, 3, 4].map((n) => line({ log: `${n}\n`, time: at(n) }));
  const decoder = new LogDecoder(everything);
  expect(decode(entries.slice(0, 2).join(""), {}, decoder).toString()).toBe("1\n2\n");
  decoder.skipKnown();
  expect(decode(entries.join(""), {}, decoder).toString()).toBe("3\n4\n");
});

test("output never takes more room than input, even with every prefix", () => {
  const shortest = '{"log":"","stream":"stdout","time":"2026-01-02T03:04:05Z"}\n';
  const decoded = decode(shortest.repeat(50), { framed: true, timestamps: true });
  expect(decoded.length).toBe(50 * (8 + 31));
});

test("a text with no end yet does not outgrow its room", () => {
  const input = Buffer.from(`{"log":"${"a".repeat(64)}`);
  const decoder = new LogDecoder({ ...everything, framed: true, timestamps: true });
  decoder.decode(input, input.length, new Uint8Array(input.length));
  expect([decoder.consumed, decoder.produced]).toEqual([0, 0]);
});

test("normalStamp brings every RFC 3339 time to UTC and nine digits", () => {
  expect(normalStamp("2026-01-02T03:04:05Z")).toBe("2026-01-02T03:04:05.000000000Z");
  expect(normalStamp("2026-01-02T03:04:05.12Z")).toBe("2026-01-02T03:04:05.120000000Z");
  expect(normalStamp("2026-01-02T03:04:05.123456789+02:00")).toBe("2026-01-02T01:04:05.123456789Z");
  for (const bad of ["", "now", "2026-01-02", "2026-13-02T03:04:05Z"])
    expect(normalStamp(bad)).toBeUndefined();
});

test("any bytes are decoded without an error, within the room of the input", () => {
  const random = seededRandom(1);
  const good = [
    line({ log: "one\n" }),
    line({ log: 't\u0000w"o\n', stream: "stderr" }),
    '{"stream":"stdout","log":"\\ud83d\\ude00 foreign\\n","time":"2026-01-02T03:04:05Z","attrs":{"a":"b"}}\n',
  ].join("");
  for (let round = 0; round < 3000; round++) {
    const input = round % 4 === 0 ? random.bytes(random.below(300)) : Buffer.from(good);
    for (let hits = random.below(6); hits > 0; hits--)
      input[random.below(input.length)] = random.pick([0, 10, 34, 92, 117, 123, 125, 255, random.below(256)]);
    const decoder = new LogDecoder({ ...everything, framed: random.oneIn(2), timestamps: random.oneIn(2) });
    const output = new Uint8Array(input.length);
    decoder.decode(input, input.length, output);
    expect(decoder.produced).toBeLessThanOrEqual(input.length);
    expect(decoder.consumed).toBe(input.lastIndexOf(10) + 1);
  }
});
