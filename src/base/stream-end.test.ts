import { expect, test } from "bun:test";
import { PassThrough } from "node:stream";
import { onReadEnd } from "./stream-end.ts";

const ended = (stream: PassThrough): Promise<"ended"> =>
  new Promise((resolve) => onReadEnd(stream, () => resolve("ended")));

const soon = async (): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, 5));
};

test("onReadEnd: a stream that ends later", async () => {
  const stream = new PassThrough();
  const promise = ended(stream);
  stream.resume();
  stream.end("text");
  expect(await promise).toBe("ended");
});

test("onReadEnd: a stream that ended before anybody listened", async () => {
  const stream = new PassThrough();
  stream.end();
  stream.read(0); // as a socket does when its other side has ended
  await soon();
  expect(stream.readableEnded).toBe(true);
  expect(await ended(stream)).toBe("ended");
});

test("onReadEnd: what is still buffered comes first", async () => {
  const stream = new PassThrough();
  stream.end("text");
  await soon();
  let read = "";
  const promise = ended(stream);
  stream.on("data", (piece) => (read += String(piece)));
  expect(await promise).toBe("ended");
  expect(read).toBe("text");
});

test("onReadEnd: a stream that was destroyed, or fails", async () => {
  const destroyed = new PassThrough();
  destroyed.destroy();
  await soon();
  expect(await ended(destroyed)).toBe("ended");
  const failing = new PassThrough();
  const promise = ended(failing);
  failing.destroy(new Error("broken"));
  expect(await promise).toBe("ended");
});

test("onReadEnd: called off, it is silent, and so is a failure", async () => {
  const stream = new PassThrough();
  const callOff = onReadEnd(stream, () => expect.unreachable());
  callOff();
  stream.destroy(new Error("broken"));
  await soon();
});
