// Threads that unpack layers out of streams that only the main thread can read: a request's body, a piece of another archive.
// This one reads and makes the digest, the other one makes the files.
import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { SystemError } from "../base/errors.ts";
import { digestOfHex } from "../spec/digest.ts";
import { ByteReader, type ByteSource } from "./byte-reader.ts";
import { SharedReader, SharedWriter } from "./shared-stream.ts";
import type { TarLimits } from "./tar-reader.ts";
import { Threads, type ThreadPool } from "./threads.ts";
import { unpackArchive, unpackLayer, type UnpackedArchive, type UnpackedLayer } from "./unpack-layer.ts";

export type UnpackStreamJob = {
  /** Of a SharedWriter. */
  readonly stream: SharedArrayBuffer;
  readonly folder: string;
  readonly limits: TarLimits;
};

/** What is smaller is unpacked before a thread has begun. */
const smallBytes = 1 << 20;
const pieceBytes = 256 << 10;

export class StreamUnpackers {
  readonly #threads: Threads<UnpackStreamJob, UnpackedArchive>;
  /** Of the last stream: an image's layers come one after the other, sooner than the collector. */
  #spare: WeakRef<SharedArrayBuffer> | undefined;

  constructor(pool: ThreadPool) {
    this.#threads = new Threads(pool, "unpack-stream", { most: availableParallelism() });
  }

  /** As `unpackLayer`. Where all threads are at work, or stand still for slow streams, this one does it. */
  async unpack(
    archive: ByteSource,
    folder: string,
    limits: TarLimits,
    onBytes: (sizeBytes: number) => void,
  ): Promise<UnpackedLayer> {
    const reader = new ByteReader(archive);
    try {
      const isSmall = (await reader.peek(smallBytes)).length < smallBytes;
      return isSmall || this.#threads.isFull
        ? await unpackLayer(reader.rest(), folder, limits, onBytes)
        : await this.#unpackElsewhere(reader.rest(), folder, limits, onBytes);
    } finally {
      await reader.close();
    }
  }

  async #unpackElsewhere(
    archive: ByteSource,
    folder: string,
    limits: TarLimits,
    onBytes: (sizeBytes: number) => void,
  ): Promise<UnpackedLayer> {
    const hash = createHash("sha256");
    const writer = new SharedWriter(this.#spare?.deref());
    this.#spare = undefined;
    const unpacked = this.#threads.run({ stream: writer.memory, folder, limits });
    unpacked
      .catch(() => {}) // it is awaited below
      .finally(() => {
        writer.leave();
        this.#spare = new WeakRef(writer.memory);
      });
    try {
      for await (const chunk of archive) {
        onBytes(chunk.length);
        hash.update(chunk);
        if (!(await writer.write(chunk))) break;
      }
      writer.end();
    } catch (err) {
      writer.giveUp();
      // The folder is the caller's to remove: not while the thread still writes to it.
      await unpacked.catch(() => {});
      throw err;
    }
    return { ...(await unpacked), diffID: digestOfHex(hash.digest("hex")) };
  }
}

/** The thread's side. */
export async function unpackStream({ stream, folder, limits }: UnpackStreamJob): Promise<UnpackedArchive> {
  const reader = new SharedReader(stream);
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = reader.next(pieceBytes);
      if (piece === undefined) throw new SystemError("the archive was given up");
      if (piece.length === 0) return;
      yield piece;
    }
  }
  return await unpackArchive(bytes(), folder, limits);
}
