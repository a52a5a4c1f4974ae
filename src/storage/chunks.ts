// Puts a stream together from sources of known size, in large chunks.

export type Source = {
  readonly sizeBytes: number;
  /** Fills `target` with the bytes from `position` on, or throws. */
  readonly fill: (target: Uint8Array, position: number) => void;
};

export const chunkBytes = 512 << 10;

/** Gives memory of `chunkBytes`, whatever is in it. */
export type TakeChunk = () => Uint8Array;

const newChunk: TakeChunk = () => Buffer.allocUnsafeSlow(chunkBytes);

export function bytesSource(bytes: Uint8Array): Source {
  return {
    sizeBytes: bytes.length,
    fill: (target, at) => target.set(bytes.subarray(at, at + target.length)),
  };
}

/**
 * Each source is read to its end before the next one is asked for. The chunks are the receiver's to keep.
 * @param take where their memory comes from.
 */
export function* chunked(sources: Iterable<Source>, take: TakeChunk = newChunk): Generator<Uint8Array> {
  let chunk = take();
  let used = 0;
  for (const { sizeBytes, fill } of sources) {
    for (let at = 0; at < sizeBytes;) {
      const length = Math.min(sizeBytes - at, chunkBytes - used);
      fill(chunk.subarray(used, used + length), at);
      used += length;
      at += length;
      if (used < chunkBytes) continue;
      yield chunk;
      chunk = take();
      used = 0;
    }
  }
  if (used > 0) yield chunk.subarray(0, used);
}
