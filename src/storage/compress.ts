// Compressing archives on all processors, always to the same bytes: block by block, each for itself on a thread, joined in
// order: gzip members or zstd frames one after the other are one stream (RFC 1952, section 2.2; RFC 8878, section 3.1).
import { availableParallelism } from "node:os";
import type { ByteSource } from "./byte-reader.ts";
import type { CompressJob, PushCompression } from "./compress-block.ts";
import { Threads, type ThreadPool } from "./threads.ts";

/** As large as the pieces in which layer-archive.ts gives an archive: those need not be copied. */
const blockBytes = 256 << 10;
/** Blocks of one archive that are in work or wait for it. */
const blocksAhead = availableParallelism() + 1;

export type Compressors = Threads<CompressJob, Uint8Array>;

/** Threads for all archives that are compressed at once. */
export function openCompressors(pool: ThreadPool): Compressors {
  return new Threads(pool, "compress", availableParallelism());
}

/** The same source gives the same bytes, however it is cut into chunks, whose memory is ours from then on. */
export async function* compressed(
  source: ByteSource,
  format: PushCompression,
  compressors: Compressors,
): AsyncGenerator<Uint8Array> {
  const waiting: Promise<Uint8Array>[] = [];
  const compress = (block: Uint8Array<ArrayBuffer>): Promise<Uint8Array> => {
    const packed = compressors.run({ format, block }, { moved: [block.buffer] });
    packed.catch(() => {}); // it is awaited in its turn
    return packed;
  };
  let isEmpty = true;
  try {
    for await (const block of blocksOf(source)) {
      isEmpty = false;
      waiting.push(compress(block));
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

async function* blocksOf(source: ByteSource): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let block = new Uint8Array(blockBytes);
  let used = 0;
  for await (const chunk of source) {
    if (used === 0 && chunk.length === blockBytes && isWhole(chunk)) {
      yield chunk;
      continue;
    }
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + blockBytes - used);
      block.set(piece, used);
      used += piece.length;
      at += piece.length;
      if (used < blockBytes) continue;
      yield block;
      block = new Uint8Array(blockBytes);
      used = 0;
    }
  }
  if (used > 0) yield block.subarray(0, used);
}

/** Whether it is all of its memory, which can be given away then. */
function isWhole(chunk: Uint8Array): chunk is Uint8Array<ArrayBuffer> {
  return chunk.buffer instanceof ArrayBuffer && chunk.length === chunk.buffer.byteLength;
}
