import { expect, test } from "bun:test";
import { seededRandom } from "../../test/harness/random.ts";
import { SharedReader, SharedWriter } from "./shared-stream.ts";

/** Until the reader would have to wait. */
function readAll(reader: SharedReader, sizeBytes: number): Buffer {
  const parts: Buffer[] = [];
  for (let left = sizeBytes; left > 0;) {
    const piece = reader.next(Math.min(left, 100_000)) ?? Buffer.alloc(0);
    if (piece.length === 0) break;
    parts.push(Buffer.from(piece));
    left -= piece.length;
  }
  return Buffer.concat(parts);
}

/** The next pieces as texts; undefined for one that was given up. */
const texts = (reader: SharedReader, limit: number, count: number): (string | undefined)[] =>
  Array.from({ length: count }, () => reader.next(limit)?.toString("latin1"));

test("shared stream: what is written is read, many times around the ring", async () => {
  const random = seededRandom(7);
  const writer = new SharedWriter();
  const reader = new SharedReader(writer.memory);
  for (let round = 0; round < 40; round++) {
    const chunk = random.bytes(1 + random.below(1 << 20));
    expect(await writer.write(chunk)).toBe(true);
    expect(readAll(reader, chunk.length).equals(chunk)).toBe(true);
  }
  writer.end();
  expect(texts(reader, 9, 1)).toEqual([""]);
});

test("shared stream: a writer waits for room, and goes on when there is some", async () => {
  const writer = new SharedWriter();
  const reader = new SharedReader(writer.memory);
  const chunk = seededRandom(8).bytes(10 << 20);
  let isWritten = false;
  const written = writer.write(chunk).then(() => (isWritten = true));
  await Bun.sleep(1);
  expect(isWritten).toBe(false);
  const read: Buffer[] = [];
  for (let left = chunk.length; left > 0; left -= read.at(-1)?.length ?? 0) {
    read.push(readAll(reader, Math.min(left, 1 << 20)));
    await Bun.sleep(1);
  }
  await written;
  expect(Buffer.concat(read).equals(chunk)).toBe(true);
});

test("shared stream: an end that nobody has read yet comes behind the bytes; giving up comes at once", async () => {
  const [ended, givenUp] = [new SharedWriter(), new SharedWriter()];
  for (const writer of [ended, givenUp]) await writer.write(Buffer.from("hello"));
  ended.end();
  givenUp.giveUp();
  expect(texts(new SharedReader(ended.memory), 3, 4)).toEqual(["hel", "lo", "", ""]);
  expect(texts(new SharedReader(givenUp.memory), 3, 1)).toEqual([undefined]);
});

test("shared stream: the memory of one that is over serves another, whatever becomes of the first", async () => {
  const first = new SharedWriter();
  const written = first.write(new Uint8Array(9 << 20));
  first.leave();
  const second = new SharedWriter(first.memory);
  const reader = new SharedReader(second.memory);
  await second.write(Buffer.from("second"));
  await written;
  first.end();
  first.giveUp();
  second.end();
  expect(texts(reader, 9, 2)).toEqual(["second", ""]);
});

test("shared stream: of nothing is at its end", () => {
  const writer = new SharedWriter();
  writer.end();
  expect(texts(new SharedReader(writer.memory), 9, 1)).toEqual([""]);
});

test("shared stream: a writer that waits hears that nobody reads any more", async () => {
  const writer = new SharedWriter();
  const written = writer.write(new Uint8Array(9 << 20));
  await Bun.sleep(1);
  writer.leave();
  expect(await written).toBe(false);
  expect(await writer.write(Buffer.from("more"))).toBe(false);
});

test("shared stream: what was given out stays as it is until the next is asked for", async () => {
  const writer = new SharedWriter();
  const reader = new SharedReader(writer.memory);
  const written = writer.write(seededRandom(9).bytes(5 << 20));
  const piece = reader.next(1 << 20);
  const copy = Buffer.from(piece ?? []);
  await Bun.sleep(5);
  expect(piece?.equals(copy)).toBe(true);
  writer.leave();
  await written;
});
