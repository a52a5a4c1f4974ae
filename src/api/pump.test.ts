import { expect, test } from "bun:test";
import { Duplex, PassThrough } from "node:stream";
import { pumpHijacked } from "./pump.ts";

/** A container's end whose output is over: `readableEnded` is true before anybody has listened. */
async function endedStream(): Promise<Duplex> {
  const stream = new Duplex({ read() {}, write: (_piece, _encoding, done) => done() });
  stream.push(null);
  stream.read(0);
  await Bun.sleep(1);
  expect(stream.readableEnded).toBe(true);
  return stream;
}

test("pumpHijacked ends for a program that had nothing to say and is over", async () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  output.resume();
  const pumped = pumpHijacked(input, output, { stream: await endedStream() }, new AbortController().signal);
  expect(await Promise.race([pumped.then(() => "over"), Bun.sleep(2000).then(() => "hangs")])).toBe("over");
  expect(output.writableEnded).toBe(true);
});
