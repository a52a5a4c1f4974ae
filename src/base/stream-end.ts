// The end of a stream, for readers that come late: one that has nothing to read may have ended before anybody listened, and
// does not say so again.
import type { Readable } from "node:stream";

/**
 * Calls `run` once, later, when nothing more is to be read from `stream`, however that comes: its end, its close or its
 * failure, now or before this call. What is still buffered is read first. Returns what calls it off.
 */
export function onReadEnd(stream: Readable, run: () => void): () => void {
  let isOver = false;
  const over = (): void => {
    if (isOver) return;
    isOver = true;
    run();
  };
  for (const event of ["end", "close", "error"]) stream.on(event, over);
  if (stream.readableEnded || stream.destroyed) queueMicrotask(over);
  // The listener for errors stays: a failure that nobody wants to hear of any more must not end the process.
  return () => {
    isOver = true;
    stream.off("end", over).off("close", over);
  };
}
