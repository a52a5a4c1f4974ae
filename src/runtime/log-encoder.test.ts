import { expect, test } from "bun:test";
import { entryBytesMax, logPieceBytes, type LogStream } from "./log-entry.ts";
import { LogEncoder } from "./log-encoder.ts";

type Entry = { log: string; stream: string; time: string };

const encoderAt = (seconds: number, nanoseconds = 0, room = 3 * entryBytesMax): LogEncoder =>
  new LogEncoder(room, () => ({ seconds, nanoseconds }));

/** All entries of `input`, and how many bytes of it were taken. */
function encode(
  input: Uint8Array | string,
  ended = false,
  encoder = encoderAt(0),
  stream: LogStream = "stdout",
): { text: string; entries: Entry[]; consumed: number } {
  const bytes = Buffer.from(input);
  let text = "";
  let consumed = 0;
  for (;;) {
    encoder.encode(bytes, consumed, bytes.length, ended, stream);
    if (encoder.consumed === 0) break;
    consumed += encoder.consumed;
    text += Buffer.from(encoder.output.subarray(0, encoder.produced)).toString("utf8");
  }
  const entries = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Entry);
  return { text, entries, consumed };
}

const logs = (input: Uint8Array | string, ended = false): string[] =>
  encode(input, ended).entries.map(({ log }) => log);

test("a line becomes Docker's JSON object on one line", () => {
  const encoder = encoderAt(1_767_323_045, 678_901_233);
  expect(encode("hello\n", false, encoder).text).toBe(
    '{"log":"hello\\n","stream":"stdout","time":"2026-01-02T03:04:05.678901233Z"}\n',
  );
});

test("stderr is told from stdout", () => {
  const encoder = encoderAt(0);
  expect(encode("a\n", false, encoder, "stderr").entries[0]?.stream).toBe("stderr");
  expect(encode("a\n", false, encoder, "stdout").entries[0]?.stream).toBe("stdout");
});

test("every byte below 0x80 comes back as it was", () => {
  const all = Buffer.from(Array.from({ length: 128 }, (_, byte) => byte).filter((byte) => byte !== 10));
  expect(logs(Buffer.concat([all, Buffer.from("\n")]))).toEqual([`${all.toString("latin1")}\n`]);
});

test("what follows the last newline is left until more comes", () => {
  expect(encode("one\ntwo").consumed).toBe(4);
  expect(logs("one\ntwo")).toEqual(["one\n"]);
  expect(encode("no newline").consumed).toBe(0);
});

test("at the end of the output the rest is an entry with no newline", () => {
  expect(logs("one\ntwo", true)).toEqual(["one\n", "two"]);
  expect(logs("", true)).toEqual([]);
});

test("empty lines are entries", () => {
  expect(logs("\n\na\n")).toEqual(["\n", "\n", "a\n"]);
});

test("a long line is cut into pieces of 16 KiB", () => {
  const line = `${"x".repeat(2 * logPieceBytes + 5)}\n`;
  expect(logs(line).map(({ length }) => length)).toEqual([logPieceBytes, logPieceBytes, 6]);
  expect(logs("y".repeat(logPieceBytes - 1))).toEqual([]);
  expect(logs("y".repeat(logPieceBytes)).map(({ length }) => length)).toEqual([logPieceBytes]);
  expect(logs(`${"y".repeat(logPieceBytes - 1)}\n`).map(({ length }) => length)).toEqual([logPieceBytes]);
  expect(logs(`${"y".repeat(logPieceBytes)}\n`).map(({ length }) => length)).toEqual([logPieceBytes, 1]);
});

test("a character is never cut by the end of a piece", () => {
  for (const character of ["é", "日", "😀"])
    for (let before = logPieceBytes - 5; before <= logPieceBytes; before++) {
      const line = `${"x".repeat(before)}${character}tail\n`;
      expect(logs(line).join("")).toBe(line);
      // The same with the piece as all there is so far: the rest of the character may still come.
      const cut = Buffer.from(line).subarray(0, logPieceBytes);
      expect(logs(cut).join("")).not.toContain("\u{fffd}");
    }
});

test("bytes that are not UTF-8 become U+FFFD one by one, as Go does", () => {
  const cases: [string, number[], string][] = [
    ["a stray continuation", [0x80], "\u{fffd}"],
    ["a lead with nothing after it", [0xe6, 0x97], "\u{fffd}\u{fffd}"],
    ["an overlong form", [0xc0, 0xaf], "\u{fffd}\u{fffd}"],
    ["an overlong three-byte form", [0xe0, 0x80, 0xaf], "\u{fffd}\u{fffd}\u{fffd}"],
    ["a surrogate", [0xed, 0xa0, 0x80], "\u{fffd}\u{fffd}\u{fffd}"],
    ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80], "\u{fffd}".repeat(4)],
    ["0xff", [0xff], "\u{fffd}"],
    ["the highest character", [0xf4, 0x8f, 0xbf, 0xbf], "\u{10ffff}"],
    ["a line separator", [0xe2, 0x80, 0xa8], "\u2028"],
  ];
  for (const [name, bytes, expected] of cases) {
    const input = Buffer.from([0x61, ...bytes, 0x62, 0x0a]);
    expect([name, logs(input)]).toEqual([name, [`a${expected}b\n`]]);
  }
});

test("a sequence cut by the end of the output is not UTF-8", () => {
  expect(logs(Buffer.from([0x61, 0xe6, 0x97]), true)).toEqual(["a\u{fffd}\u{fffd}"]);
});

test("any bytes make lines that JSON can read, and valid text comes back whole", () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  for (let round = 0; round < 200; round++) {
    const bytes = Buffer.from(Array.from({ length: random(300) }, () => random(256)));
    expect(logs(bytes, true).join("")).toBe(goText(bytes));
  }
});

/** What Go's decoder makes of bytes: the valid sequences, U+FFFD for each other byte. */
function goText(bytes: Uint8Array): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  for (let at = 0; at < bytes.length;) {
    let took = 0;
    for (let length = 1; length <= 4 && took === 0; length++) {
      try {
        text += decoder.decode(bytes.subarray(at, at + length));
        took = Math.min(length, bytes.length - at);
      } catch {
        continue; // not a character by itself: perhaps with one byte more
      }
    }
    if (took === 0) text += "\u{fffd}";
    at += Math.max(took, 1);
  }
  return text;
}

test("entries of one read follow each other by a nanosecond, over the second's end too", () => {
  const { entries } = encode("a\nb\nc\n", false, encoderAt(59, 999_999_998));
  expect(entries.map(({ time }) => time)).toEqual([
    "1970-01-01T00:00:59.999999998Z",
    "1970-01-01T00:00:59.999999999Z",
    "1970-01-01T00:01:00.000000000Z",
  ]);
});

test("stamps do not go back with the clock", () => {
  const times = [
    { seconds: 100, nanoseconds: 5 },
    { seconds: 90, nanoseconds: 0 },
    { seconds: 200, nanoseconds: 0 },
  ];
  const encoder = new LogEncoder(3 * entryBytesMax, () => times.shift() ?? { seconds: 0, nanoseconds: 0 });
  const first = encode("a\n", false, encoder).entries[0]?.time ?? "";
  encoder.look();
  const second = encode("a\n", false, encoder).entries[0]?.time ?? "";
  encoder.look();
  const third = encode("a\n", false, encoder).entries[0]?.time ?? "";
  expect(second > first).toBe(true);
  expect(third).toBe("1970-01-01T00:03:20.000000000Z");
});

test("output with no room for another entry stops at a whole one and goes on", () => {
  const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index}\n`);
  const { entries } = encode(lines.join(""), false, encoderAt(0, 0, entryBytesMax + 1_000));
  expect(entries.map(({ log }) => log)).toEqual(lines);
});
