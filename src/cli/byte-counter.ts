// How many bytes have gone by, on a terminal, for what takes more than half a second.

import type { Context } from "./command.ts";

const firstAfterMs = 500;
const everyMs = 200;
const clearLine = "\r\u001b[K";

export type ByteCounter = {
  readonly add: (bytes: number) => void;
  /** Clears the line. */
  readonly end: () => Promise<void>;
};

export function byteCounter(
  { env, stderr }: Pick<Context, "env" | "stderr">,
  text: (bytes: number) => string,
): ByteCounter {
  let total = 0;
  let shown = false;
  let showing = Promise.resolve();
  let nextAt = performance.now() + firstAfterMs;
  const show = async () => {
    if (env["TERM"] === "dumb" || (await stderr.windowSize()) === undefined) return;
    shown = true;
    await stderr.write(clearLine + text(total));
  };
  return {
    add: (bytes) => {
      total += bytes;
      if (performance.now() < nextAt) return;
      nextAt = performance.now() + everyMs;
      showing = showing.then(show);
    },
    end: async () => {
      await showing;
      if (shown) await stderr.write(clearLine);
    },
  };
}

/** The same bytes, counted. */
export async function* counted(
  source: AsyncIterable<Uint8Array>,
  counter: ByteCounter,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of source) {
    counter.add(piece.length);
    yield piece;
  }
}
