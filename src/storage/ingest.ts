// Blobs on their way in: what has come of one is kept until its layer is committed, so that a download that was cut off goes
// on where it was. Nothing here is believed: the digest of the whole is taken anew from the first byte on. Nor is anything
// synced for its own sake: what a power cut has left of it is worth a try, and the layers' syncs include it.
//
//   content/ingest/<64 hex digits>     the first bytes of the blob with this digest
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../base/host.ts";
import { digestHex, digestOfHex, isDigest, type Digest } from "../spec/digest.ts";
import { closeFd, O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR, openFile, truncate, writeAll } from "../sys/file.ts";
import { BlobProgress, type FollowedBlob } from "./layer-unpackers.ts";

/** What nobody came back for so long is thrown away at the next start. */
const keptMs = 7 * 24 * 3600 * 1000;

export class IngestStore {
  readonly #folder: string;

  constructor(host: Host, root: string) {
    this.#folder = join(root, "content", "ingest");
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const oldest = host.clock.now().getTime() - keptMs;
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      if (isDigest(digestOfHex(name)) && statSync(path).mtimeMs >= oldest) continue;
      host.log.info("partial download is given up", { blob: name });
      rmSync(path, { force: true });
    }
  }

  /** INVARIANT: one at a time for each digest; the caller sees to it. */
  open(digest: Digest): Ingest {
    return new Ingest(join(this.#folder, digestHex(digest)), digest);
  }

  /** The blob is in its place, or not wanted any more. */
  drop(digest: Digest): void {
    rmSync(join(this.#folder, digestHex(digest)), { force: true });
  }
}

export class Ingest implements Disposable {
  readonly #path: string;
  readonly #digest: Digest;
  readonly #fd: number;
  #sizeBytes: number;

  constructor(path: string, digest: Digest) {
    this.#path = path;
    this.#digest = digest;
    this.#fd = openFile(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
    this.#sizeBytes = statSync(path).size;
    this.progress.available = this.#sizeBytes;
  }

  /** Follows what is there. */
  readonly progress = new BlobProgress();

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** For who reads it from the first byte on while it grows to `sizeBytes`. */
  followed(sizeBytes: number): FollowedBlob {
    return { path: this.#path, digest: this.#digest, sizeBytes, progress: this.progress.shared };
  }

  append(bytes: Uint8Array): void {
    writeAll(this.#fd, bytes);
    this.#sizeBytes += bytes.length;
    this.progress.available = this.#sizeBytes;
  }

  /** Throws away what is there. */
  reset(): void {
    truncate(this.#fd, 0);
    this.#sizeBytes = 0;
    this.progress.available = 0;
  }

  [Symbol.dispose](): void {
    closeFd(this.#fd);
  }
}
