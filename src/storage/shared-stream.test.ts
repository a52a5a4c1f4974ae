import { expect, test } from "bun:test";
import { seededRandom } from "../../test/harness/random.ts";
import { SharedReader, SharedWriter } from "./shared-stream.ts";

/** Until the reader would have to wait. */
function readAll(reader: SharedReader, sizeBytes: number, target = new Uint8Array(100_000)): Buffer {
  const parts: Buffer[] = [];
  for (let left = sizeBytes; left > 0;) {
    const got = reader.read(target.subarray(0, left)) ?? 0;
    if (got === 0) break;
    parts.push(Buffer.from(target.subarray(0, got)));
    left -= got;
  }
  return Buffer.concat(parts);
}

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
  expect(reader.read(new Uint8Array(9))).toBe(0);
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
  const target = Buffer.alloc(3);
  const reader = new SharedReader(ended.memory);
  expect([reader.read(target), reader.read(target), reader.read(target), reader.read(target)]).toEqual([
    3, 2, 0, 0,
  ]);
  expect(new SharedReader(givenUp.memory).read(target)).toBeUndefined();
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
  const target = Buffer.alloc(9);
  expect([reader.read(target), target.toString("latin1", 0, 6), reader.read(target)]).toEqual([
    6,
    "second",
    0,
  ]);
});

test("shared stream: of nothing is at its end", () => {
  const writer = new SharedWriter();
  writer.end();
  expect(new SharedReader(writer.memory).read(new Uint8Array(9))).toBe(0);
});

test("shared stream: a writer that waits hears that nobody reads any more", async () => {
  const writer = new SharedWriter();
  const written = writer.write(new Uint8Array(9 << 20));
  await Bun.sleep(1);
  writer.leave();
  expect(await written).toBe(false);
  expect(await writer.write(Buffer.from("more"))).toBe(false);
});
