// Threads that unpack layers while their blobs are still being fetched. This side of them; the other is unpack-worker.ts.
//
//   registry ─► this thread ─► content/ingest/<hex> ─► a thread: digest, decompressor, digest, files
//                    └─ how many bytes there are, in shared memory ─┘
//
// So the bytes are in the file as soon as they come, however long the unpacking takes, and no buffer changes hands.
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { InvalidParameterError, SystemError } from "../base/errors.ts";
import { Limiter } from "../base/limiter.ts";
import type { Digest } from "../spec/digest.ts";
import type { TarLimits } from "./tar-reader.ts";
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

/** What a thread says: so many more bytes are about to be unpacked, or how it ended. */
export type UnpackReport =
  | { readonly kind: "bytes"; readonly sizeBytes: number }
  | { readonly kind: "layer"; readonly layer: UnpackedLayer }
  | { readonly kind: "failure"; readonly isInvalid: boolean; readonly message: string };

/** More gain little: the disk is the limit then. Each takes some 15 MiB while it works. */
const mostThreads = 4;
/** Starting one takes some milliseconds; one that waits holds memory. */
const keptMs = 3000;

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

  /** No more will come. */
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
  readonly #turns = new Limiter(Math.min(availableParallelism(), mostThreads));
  readonly #idle: Worker[] = [];
  #closing: ReturnType<typeof setTimeout> | undefined;

  /** @param onBytes told of pieces of the plain archive before they are unpacked. */
  async unpack(
    job: UnpackJob,
    onBytes: (sizeBytes: number) => void,
    signal: AbortSignal,
  ): Promise<UnpackedLayer> {
    const progress = new BlobProgress(job.progress);
    const stop = (): void => progress.giveUp();
    return await this.#turns.run(async () => {
      clearTimeout(this.#closing);
      const worker = this.#idle.pop() ?? startWorker();
      signal.addEventListener("abort", stop, { once: true });
      try {
        const report = await this.#work(worker, job, onBytes);
        this.#idle.push(worker);
        if (report.kind === "layer") return report.layer;
        signal.throwIfAborted();
        throw new (report.isInvalid ? InvalidParameterError : SystemError)(report.message);
      } finally {
        signal.removeEventListener("abort", stop);
        clearTimeout(this.#closing);
        this.#closing = setTimeout(() => this.#closeIdle(), keptMs);
        this.#closing.unref();
      }
    }, signal);
  }

  /** @throws SystemError when the thread itself dies: then it is not used again. */
  async #work(
    worker: Worker,
    job: UnpackJob,
    onBytes: (sizeBytes: number) => void,
  ): Promise<Exclude<UnpackReport, { kind: "bytes" }>> {
    const { promise, resolve, reject } = Promise.withResolvers<Exclude<UnpackReport, { kind: "bytes" }>>();
    const onMessage = (report: UnpackReport): void =>
      report.kind === "bytes" ? onBytes(report.sizeBytes) : resolve(report);
    const onError = (cause: unknown): void =>
      reject(new SystemError("the thread that unpacks layers failed", { cause }));
    const onExit = (): void => onError(undefined);
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    worker.postMessage(job, []);
    try {
      return await promise;
    } finally {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
    }
  }

  #closeIdle(): void {
    for (const worker of this.#idle.splice(0)) void worker.terminate();
  }
}

/** The executable holds the file by its path in the sources (scripts/build.ts). */
function startWorker(): Worker {
  const isCompiled = import.meta.dir.startsWith("/$bunfs");
  const file = isCompiled ? "./src/storage/unpack-worker.ts" : new URL("unpack-worker.ts", import.meta.url);
  const worker = new Worker(file);
  worker.unref();
  return worker;
}
