// Threads that unpack layers while their blobs are still being fetched. This side of them; the other is unpack-blob.ts.
//
//   registry ─► this thread ─► content/ingest/<hex> ─► a thread: digest, decompressor, digest, files
//                    └─ how many bytes there are, in shared memory ─┘
//
// So the bytes are in the file as soon as they come, however long the unpacking takes, and no buffer changes hands.
import { availableParallelism } from "node:os";
import type { Digest } from "../spec/digest.ts";
import type { TarLimits } from "./tar-reader.ts";
import { Threads, type ThreadPool } from "./threads.ts";
import type { UnpackedLayer } from "./unpack-layer.ts";

export type FollowedBlob = {
  /** The file that its bytes are written to. */
  readonly path: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** A BlobProgress. */
  readonly progress: SharedArrayBuffer;
};

export type UnpackJob = FollowedBlob & { readonly folder: string; readonly limits: TarLimits };

const givenUp = -1n;

/** How much of a blob is there, told from one thread to another. */
export class BlobProgress {
  readonly shared: SharedArrayBuffer;
  readonly #words: BigInt64Array;

  constructor(shared = new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#words = new BigInt64Array(shared);
  }

  /** Bytes at the beginning of the file that are there. */
  set available(sizeBytes: number) {
    if (Atomics.load(this.#words, 0) === givenUp) return;
    Atomics.store(this.#words, 0, BigInt(sizeBytes));
    Atomics.notify(this.#words, 0);
  }

  /** Bytes that the thread has read. */
  get read(): number {
    return Number(Atomics.load(this.#words, 1));
  }

  set read(sizeBytes: number) {
    Atomics.store(this.#words, 1, BigInt(sizeBytes));
  }

  /** Whoever waits is not to wait any more, whatever comes. */
  giveUp(): void {
    Atomics.store(this.#words, 0, givenUp);
    Atomics.notify(this.#words, 0);
  }

  /** Holds this thread up until there is more than `sizeBytes`. @returns how much; undefined when it was given up. */
  waitForMore(sizeBytes: number): number | undefined {
    for (;;) {
      const available = Atomics.load(this.#words, 0);
      if (available === givenUp) return undefined;
      if (available > BigInt(sizeBytes)) return Number(available);
      Atomics.wait(this.#words, 0, available);
    }
  }
}

export class LayerUnpackers {
  readonly #threads: Threads<UnpackJob, UnpackedLayer>;

  /**
   * @param downloads how many blobs come at once: as many threads may stand still for slow ones, and must not keep others
   * from the blobs that are there. Each thread takes some 10 MiB.
   */
  constructor(pool: ThreadPool, downloads: number) {
    this.#threads = new Threads(pool, "unpack", { most: Math.max(downloads, availableParallelism()) });
  }

  /** @param onBytes told of pieces of the plain archive before they are unpacked. */
  async unpack(
    job: UnpackJob,
    onBytes: (sizeBytes: number) => void,
    signal: AbortSignal,
  ): Promise<UnpackedLayer> {
    const progress = new BlobProgress(job.progress);
    const stop = (): void => progress.giveUp();
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await this.#threads.run(job, { onProgress: onBytes, signal });
    } catch (err) {
      signal.throwIfAborted();
      throw err;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }
}
