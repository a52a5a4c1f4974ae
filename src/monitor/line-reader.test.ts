import { expect, test } from "bun:test";
import { seededRandom } from "../../test/harness/random.ts";
import { jsonLine } from "../runtime/monitor-protocol.ts";
import { LineReader } from "./line-reader.ts";

function read(reader: LineReader, text: string): unknown[] {
  reader.push(Buffer.from(text));
  const lines: unknown[] = [];
  for (let line = reader.next(); line !== undefined; line = reader.next()) lines.push(line);
  return lines;
}

test("lines come out whole wherever they are cut", () => {
  const text = '{"a":"é"}\n{"b":2}\n';
  for (let cut = 0; cut <= Buffer.byteLength(text); cut++) {
    const bytes = Buffer.from(text);
    const reader = new LineReader();
    const lines: unknown[] = [];
    for (const [from, to] of [
      [0, cut],
      [cut, bytes.length],
    ] as const) {
      reader.push(bytes.subarray(from, to));
      for (let line = reader.next(); line !== undefined; line = reader.next()) lines.push(line);
    }
    expect(lines).toEqual([{ a: "é" }, { b: 2 }]);
  }
});

test("several lines may come at once, and the rest waits", () => {
  const reader = new LineReader();
  expect(read(reader, "1\n2\n3")).toEqual([1, 2]);
  expect(read(reader, "4\n")).toEqual([34]);
});

test("a kept piece does not change with the buffer it came in", () => {
  const reader = new LineReader();
  const bytes = Buffer.from('"ab');
  reader.push(bytes);
  bytes.fill(0);
  expect(read(reader, 'c"\n')).toEqual(["abc"]);
});

test("a line without an end is refused before it takes all memory", () => {
  const reader = new LineReader();
  const piece = Buffer.alloc(1 << 20, "x");
  expect(() => {
    for (let i = 0; i < 20; i++) reader.push(piece);
  }).toThrow("a line is too long");
});

test("any values come out as they went in, and rubbish is refused by an error", () => {
  const random = seededRandom(1);
  const value = (depth: number): unknown => {
    if (depth > 0 && random.oneIn(2)) {
      const parts = Array.from({ length: random.below(4) }, () => value(depth - 1));
      return random.oneIn(2) ? parts : Object.fromEntries(parts.map((part, at) => [`k${at}\n"`, part]));
    }
    return random.pick<unknown>([null, true, -1.5, "é\n\u2028", "\ud83d\ude00", "", 2 ** 53]);
  };
  for (let round = 0; round < 300; round++) {
    const values = Array.from({ length: random.below(5) }, () => value(4));
    const bytes = Buffer.from(values.map((one) => jsonLine({ one })).join(""));
    const reader = new LineReader();
    const lines: unknown[] = [];
    for (let at = 0; at < bytes.length;) {
      reader.push(bytes.subarray(at, (at += 1 + random.below(30))));
      for (let one = reader.next(); one !== undefined; one = reader.next()) lines.push(one);
    }
    expect(lines).toEqual(values.map((one) => ({ one })));
    const rubbish = new LineReader();
    rubbish.push(Buffer.concat([random.bytes(random.below(50)), Buffer.from("\n")]));
    try {
      for (let one = rubbish.next(); one !== undefined; one = rubbish.next());
    } catch (err) {
      expect(err).toBeInstanceOf(SyntaxError);
    }
  }
});
