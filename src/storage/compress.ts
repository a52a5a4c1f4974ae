// Compressing archives on all processors, always to the same bytes: block by block, each for itself on a thread, joined in
// order: gzip members or zstd frames one after the other are one stream (RFC 1952, section 2.2; RFC 8878, section 3.1).
import { availableParallelism } from "node:os";
import type { ByteSource } from "./byte-reader.ts";
import { chunkBytes } from "./chunks.ts";
import type { CompressJob, PushCompression } from "./compress-block.ts";
import { Threads, type ThreadPool } from "./threads.ts";

/** As large as the pieces in which layer-archive.ts gives an archive: those need not be copied. */
const blockBytes = chunkBytes;
/** Blocks of one archive that are in work or wait for it. */
const blocksAhead = availableParallelism() + 1;

export type Compressors = Threads<CompressJob, Uint8Array>;

/**
 * Memory of blocks, seen by all threads and used again and again: an archive that takes new memory for each of its blocks, or
 * moves it from thread to thread, has the collector run all the time.
 */
export class Blocks {
  readonly #free: Uint8Array[] = [];

  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(new SharedArrayBuffer(blockBytes));
  }

  give(block: Uint8Array): void {
    if (block.length === blockBytes) this.#free.push(block);
  }
}

/** Threads for all archives that are compressed at once. */
export function openCompressors(pool: ThreadPool): Compressors {
  return new Threads(pool, "compress", availableParallelism());
}

/**
 * The same source gives the same bytes, however it is cut into chunks.
 * @param blocks where the source may take the memory of its chunks: what it gives of that is ours from then on.
 */
export async function* compressed(
  source: ByteSource,
  format: PushCompression,
  compressors: Compressors,
  blocks = new Blocks(),
): AsyncGenerator<Uint8Array> {
  const waiting: Promise<Uint8Array>[] = [];
  const compress = async (block: Uint8Array): Promise<Uint8Array> => {
    const packed = await compressors.run({ format, block });
    blocks.give(block);
    return packed;
  };
  let isEmpty = true;
  try {
    for await (const block of blocksOf(source, blocks)) {
      isEmpty = false;
      const packed = compress(block);
      packed.catch(() => {}); // it is awaited in its turn
      waiting.push(packed);
      if (waiting.length < blocksAhead) continue;
      const first = await waiting.shift();
      if (first !== undefined) yield first;
    }
    if (isEmpty) waiting.push(compress(new Uint8Array(0)));
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) yield await next;
  } finally {
    await Promise.allSettled(waiting);
  }
}

async function* blocksOf(source: ByteSource, blocks: Blocks): AsyncGenerator<Uint8Array> {
  let block: Uint8Array | undefined;
  let used = 0;
  for await (const chunk of source) {
    if (used === 0 && isWholeBlock(chunk)) {
      yield chunk;
      continue;
    }
    for (let at = 0; at < chunk.length;) {
      block ??= blocks.take();
      const piece = chunk.subarray(at, at + blockBytes - used);
      block.set(piece, used);
      used += piece.length;
      at += piece.length;
      if (used < blockBytes) continue;
      yield block;
      block = undefined;
      used = 0;
    }
  }
  if (block !== undefined) yield block.subarray(0, used);
}

function isWholeBlock(chunk: Uint8Array): boolean {
  return chunk.length === blockBytes && chunk.buffer instanceof SharedArrayBuffer;
}
