import { afterEach, beforeEach, expect, test } from "bun:test";
import { closeFd, O_NONBLOCK, openPipe, read, writeAll, type Pipe } from "./file.ts";
import { discard, openPeeker, peek, type Peeker } from "./pipe-peek.ts";

let pipe: Pipe;
let peeker: Peeker;
const buffer = new Uint8Array(70_000);

beforeEach(() => {
  pipe = openPipe(O_NONBLOCK);
  peeker = openPeeker(65_536);
});

afterEach(() => {
  for (const fd of [pipe.reader, peeker.copy.reader, peeker.copy.writer, peeker.sink]) closeFd(fd);
});

function shown(length = buffer.length): string | number | undefined {
  const count = peek(peeker, pipe.reader, buffer, 0, length);
  return count === undefined || count === 0
    ? count
    : Buffer.from(buffer.subarray(0, count)).toString("latin1");
}

test("peek shows the head of a pipe and leaves it there for the next reader", () => {
  writeAll(pipe.writer, Buffer.from("hello world"));
  expect(shown()).toBe("hello world");
  expect(shown(5)).toBe("hello");
  expect(read(pipe.reader, buffer)).toBe(11);
  closeFd(pipe.writer);
});

test("discard takes away exactly what it is told, and later writes follow on", () => {
  writeAll(pipe.writer, Buffer.from("one two"));
  expect(shown()).toBe("one two");
  discard(peeker, pipe.reader, 4);
  writeAll(pipe.writer, Buffer.from(" three"));
  expect(shown()).toBe("two three");
  closeFd(pipe.writer);
});

test("peek tells an empty pipe from an ended one", () => {
  expect(shown()).toBeUndefined();
  closeFd(pipe.writer);
  expect(shown()).toBe(0);
});

test("a full pipe is shown and discarded whole", () => {
  const full = Buffer.alloc(65_536, "x");
  writeAll(pipe.writer, full);
  expect(peek(peeker, pipe.reader, buffer, 0, 65_536)).toBe(65_536);
  discard(peeker, pipe.reader, 65_536);
  expect(shown()).toBeUndefined();
  closeFd(pipe.writer);
});

test("discarding more than there is is an error, not a wait", () => {
  writeAll(pipe.writer, Buffer.from("ab"));
  expect(() => discard(peeker, pipe.reader, 3)).toThrow("EAGAIN");
  closeFd(pipe.writer);
});
