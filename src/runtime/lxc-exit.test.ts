import { expect, test } from "bun:test";
import { exitStatusFrom } from "./lxc-exit.ts";

function message(type: number, value: number): Uint8Array {
  const bytes = new Uint8Array(264);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, type, true);
  bytes.set(Buffer.from("web"), 4);
  view.setInt32(260, value, true);
  return bytes;
}

test("exitStatusFrom: the exit code among the states", () => {
  const messages = [message(0, 1), message(0, 2), message(2, 0x700), message(0, 4)];
  expect(exitStatusFrom(Buffer.concat(messages))).toBe(0x700);
});

test("exitStatusFrom: nothing while nothing was said, nor of half a message", () => {
  expect(exitStatusFrom(new Uint8Array())).toBeUndefined();
  expect(exitStatusFrom(message(0, 2))).toBeUndefined();
  expect(exitStatusFrom(message(2, 9).subarray(0, 263))).toBeUndefined();
});
