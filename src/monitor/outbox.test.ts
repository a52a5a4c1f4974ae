import { afterEach, beforeEach, expect, test } from "bun:test";
import { closeFd, read, setNonBlocking } from "../sys/file.ts";
import { socketPair } from "../sys/unix-socket.ts";
import { Outbox } from "./outbox.ts";

let near: number;
let far: number;
let outbox: Outbox;
const buffer = new Uint8Array(1 << 20);

beforeEach(() => {
  [near, far] = socketPair();
  setNonBlocking(near);
  setNonBlocking(far);
  outbox = new Outbox(near);
});

afterEach(() => closeFd(near));

function received(): string {
  let text = "";
  for (let got = read(far, buffer); got !== undefined && got > 0; got = read(far, buffer))
    text += Buffer.from(buffer.subarray(0, got)).toString("latin1");
  return text;
}

test("what the peer takes goes out at once", () => {
  outbox.send(Buffer.from("--hello--"), 2, 7);
  expect(outbox.blocked).toBe(false);
  expect(received()).toBe("hello");
  closeFd(far);
});

test("what it does not take is kept, in order, whatever becomes of the sender's buffer", () => {
  const bytes = new Uint8Array(100_000);
  let expected = "";
  for (const letter of "abcdefgh") {
    bytes.fill(letter.charCodeAt(0));
    outbox.send(bytes);
    expected += letter.repeat(bytes.length);
  }
  expect(outbox.blocked).toBe(true);
  let text = "";
  while (outbox.blocked) {
    text += received();
    outbox.flush();
  }
  text += received();
  expect(text === expected).toBe(true);
  closeFd(far);
});

test("a peer that has hung up breaks it, and later bytes are dropped", () => {
  closeFd(far);
  outbox.send(Buffer.from("x"));
  expect(outbox.broken).toBe(true);
  outbox.send(Buffer.from("y"));
  expect(outbox.blocked).toBe(false);
});

test("a peer that hangs up while bytes wait for it drops them", () => {
  outbox.send(new Uint8Array(1 << 20));
  expect(outbox.blocked).toBe(true);
  closeFd(far);
  outbox.flush();
  expect([outbox.broken, outbox.blocked]).toEqual([true, false]);
});
