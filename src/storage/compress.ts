// Compressing archives on all processors, always to the same bytes: block by block, each for itself on a thread, joined in
// order: gzip members or zstd frames one after the other are one stream (RFC 1952, section 2.2; RFC 8878, section 3.1).
import { availableParallelism } from "node:os";
import type { ByteSource } from "./byte-reader.ts";
import { chunkBytes } from "./chunks.ts";
import type { CompressedBlock, CompressJob, PushCompression } from "./compress-block.ts";
import { Threads, type ThreadPool } from "./threads.ts";

/** As large as the pieces in which layer-archive.ts gives an archive: those need not be copied. */
const blockBytes = chunkBytes;
/** Blocks of one archive that are in work or wait for it. */
const blocksAhead = 4;
/** While the main thread reads, a thread goes on. */
const blocksEach = 4;

/** So many blocks are made at once, as one memory; those that are never used take no room. */
const blocksTogether = 16;
/** Whoever pushes one image after the other finds them again. */
const blocksKeptMs = 1000;

/**
 * Memory of blocks, seen by all threads and used again and again: an archive that takes new memory for each of its blocks, or
 * moves it from thread to thread, has the collector run all the time.
 */
class Blocks {
  #free: Uint8Array[] = [];
  #users = 0;
  #dropping: ReturnType<typeof setTimeout> | undefined;

  take(): Uint8Array {
    if (this.#free.length === 0) {
      const memory = new SharedArrayBuffer(blocksTogether * blockBytes);
      for (let at = memory.byteLength; at > 0;)
        this.#free.push(new Uint8Array(memory, (at -= blockBytes), blockBytes));
    }
    return this.#free.pop() as Uint8Array;
  }

  /** @param bytes from the beginning of a block on; or something else. */
  give({ buffer, byteOffset }: Uint8Array): void {
    if (buffer instanceof SharedArrayBuffer) this.#free.push(new Uint8Array(buffer, byteOffset, blockBytes));
  }

  /** Until it is disposed of, they are kept; a while longer. */
  use(): Disposable {
    this.#users += 1;
    clearTimeout(this.#dropping);
    return {
      [Symbol.dispose]: () => {
        this.#users -= 1;
        if (this.#users > 0) return;
        this.#dropping = setTimeout(() => (this.#free = []), blocksKeptMs);
        this.#dropping.unref();
      },
    };
  }
}

/** Threads for all archives that are compressed at once. */
export class Compressors {
  readonly #threads: Threads<CompressJob, CompressedBlock>;
  readonly #blocks = new Blocks();

  constructor(pool: ThreadPool) {
    this.#threads = new Threads(pool, "compress", { most: availableParallelism(), jobsEach: blocksEach });
  }

  /** Memory for a source's chunk of `chunkBytes`: once it is given to `compressed`, it is not the source's any more. */
  takeChunk(): Uint8Array {
    return this.#blocks.take();
  }

  /**
   * The same source gives the same bytes, however it is cut into chunks. What is given is good until the next is asked for.
   */
  async *compressed(source: ByteSource, format: PushCompression): AsyncGenerator<Uint8Array> {
    using _use = this.#blocks.use();
    const waiting: Promise<Uint8Array>[] = [];
    let isEmpty = true;
    try {
      for await (const block of blocksOf(source, this.#blocks)) {
        isEmpty = false;
        const packed = this.#compress(block, format);
        packed.catch(() => {}); // it is awaited in its turn
        waiting.push(packed);
        if (waiting.length === blocksAhead) yield* this.#first(waiting);
      }
      if (isEmpty) waiting.push(this.#compress(this.#blocks.take().subarray(0, 0), format));
      while (waiting.length > 0) yield* this.#first(waiting);
    } finally {
      await Promise.allSettled(waiting);
    }
  }

  async *#first(waiting: Promise<Uint8Array>[]): AsyncGenerator<Uint8Array> {
    const packed = await waiting.shift();
    if (packed === undefined) return;
    yield packed;
    this.#blocks.give(packed);
  }

  async #compress(block: Uint8Array, format: PushCompression): Promise<Uint8Array> {
    const { buffer, byteOffset: offset, length: sizeBytes } = block;
    const memory = buffer as SharedArrayBuffer;
    const packed = await this.#threads.run({ format, offset, sizeBytes }, { memory });
    if (typeof packed === "number") return block.subarray(0, packed);
    this.#blocks.give(block);
    return packed;
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
