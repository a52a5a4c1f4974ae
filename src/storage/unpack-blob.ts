// Unpacks a layer while its blob is still being fetched. A thread's work (layer-unpackers.ts), so all of it is synchronous but
// in name: the thread stands still where the blob has not come yet.
import { InvalidParameterError, SystemError } from "../base/errors.ts";
import { digestOfHex } from "../spec/digest.ts";
import { closeFd, O_NOFOLLOW, O_RDONLY, openFile, readAt } from "../sys/file.ts";
import { decompressed } from "./compression.ts";
import { BlobProgress, type UnpackJob } from "./layer-unpackers.ts";
import { unpackLayer, type UnpackedLayer } from "./unpack-layer.ts";

const readBytes = 256 << 10;
const reportBytes = 8 << 20;

const memory = Buffer.allocUnsafeSlow(readBytes);

export async function unpackBlob(job: UnpackJob, tell: (sizeBytes: number) => void): Promise<UnpackedLayer> {
  const { folder, limits, digest, sizeBytes } = job;
  const blob = new FollowingReader(job);
  let unreported = 0;
  const onBytes = (count: number): void => {
    unreported += count;
    if (unreported < reportBytes) return;
    tell(unreported);
    unreported = 0;
  };
  try {
    const layer = await unpackLayer(decompressed(blob.bytes(), "here"), folder, limits, onBytes);
    // A decompressor that meets the end of its data reads no further, and what was not read was not verified.
    if (blob.position !== sizeBytes)
      throw new InvalidParameterError(`blob ${digest} goes on behind the end of its compressed archive`);
    return layer;
  } finally {
    blob[Symbol.dispose]();
  }
}

/** The bytes of a blob as they come. Ends only if they are the right ones. */
class FollowingReader implements Disposable {
  readonly #job: UnpackJob;
  readonly #progress: BlobProgress;
  readonly #fd: number;
  position = 0;

  constructor(job: UnpackJob) {
    this.#job = job;
    this.#progress = new BlobProgress(job.progress);
    this.#fd = openFile(job.path, O_RDONLY | O_NOFOLLOW);
  }

  [Symbol.dispose](): void {
    closeFd(this.#fd);
  }

  /** Each piece lies where the one before did. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    const { digest, sizeBytes, path } = this.#job;
    const hash = new Bun.CryptoHasher("sha256");
    while (this.position < sizeBytes) {
      const available = this.#progress.waitForMore(this.position);
      if (available === undefined) throw new SystemError(`blob ${digest} was given up`);
      const wanted = Math.min(available - this.position, readBytes);
      const got = readAt(this.#fd, memory, 0, wanted, this.position);
      if (got === 0) throw new SystemError(`${path} is shorter than what was written to it`);
      const piece = memory.subarray(0, got);
      hash.update(piece);
      this.position += got;
      this.#progress.read = this.position;
      yield piece;
    }
    const found = digestOfHex(hash.digest("hex"));
    if (found !== digest)
      throw new InvalidParameterError(
        `filesystem layer verification failed for digest ${digest}: its bytes have the digest ${found}`,
      );
  }
}
