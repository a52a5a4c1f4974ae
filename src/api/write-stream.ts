// Writes chunks to a client as fast as it takes them, and no faster.
import type { Writable } from "node:stream";
import type { Chunk } from "./answer.ts";

/** Ends early, without an error, when the client goes away; what makes the chunks is told to stop then. */
export async function writeAll(
  output: Writable,
  chunks: AsyncIterable<Chunk>,
  signal: AbortSignal,
): Promise<void> {
  for await (const chunk of chunks) {
    if (signal.aborted || output.destroyed) return;
    if (!output.write(chunk)) await drained(output, signal);
  }
}

/** Resolves when `output` takes more, or will never take any. */
function drained(output: Writable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      output.off("drain", done);
      output.off("close", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    output.on("drain", done);
    output.on("close", done);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted || output.destroyed) done();
  });
}
