// In which compressed forms registries know a layer, so that a push need not compress and send what they have. Only their
// digests are kept, never the bytes.
//
//   distribution/<64 hex digits>.json     LayerBlob[] of the layer with this diffID, the latest used first
//
// It is a help and no truth: without it a push takes longer. So nothing here is synced, and what cannot be read is passed over.
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurable } from "../base/durable-file.ts";
import { digestHex, digestOfHex, isDigest, type Digest } from "../spec/digest.ts";

export type LayerBlob = {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  /** Where it was seen, the latest first: `docker.io/library/busybox`. */
  readonly repositories: readonly string[];
};

const mostBlobs = 8;
const mostRepositories = 16;

export class LayerBlobs {
  readonly folder: string;

  constructor(root: string) {
    this.folder = join(root, "distribution");
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  of(diffID: Digest): readonly LayerBlob[] {
    try {
      const blobs: unknown = JSON.parse(readFileSync(this.#path(diffID), "utf8"));
      return Array.isArray(blobs) ? (blobs as LayerBlob[]) : [];
    } catch {
      return [];
    }
  }

  /** Whether what was noted can be read, for those who look after the files. */
  isReadable(diffID: Digest): boolean {
    try {
      return Array.isArray(JSON.parse(readFileSync(this.#path(diffID), "utf8")));
    } catch {
      return false;
    }
  }

  /** Notes that `repository` has the layer as this blob. */
  note(diffID: Digest, blob: Omit<LayerBlob, "repositories">, repository: string): void {
    const before = this.of(diffID);
    const same = before.find(({ digest }) => digest === blob.digest);
    if (before[0]?.digest === blob.digest && same?.repositories[0] === repository) return;
    const others = same?.repositories.filter((name) => name !== repository) ?? [];
    const repositories = [repository, ...others].slice(0, mostRepositories);
    const rest = before.filter(({ digest }) => digest !== blob.digest);
    const { digest, size, mediaType } = blob;
    const blobs = [{ digest, size, mediaType, repositories }, ...rest].slice(0, mostBlobs);
    writeFileDurable(this.#path(diffID), JSON.stringify(blobs), { sync: false });
  }

  /** Forgets the layers that are there no more. */
  sweep(isThere: (diffID: Digest) => boolean): void {
    for (const name of readdirSync(this.folder)) {
      const diffID = digestOfHex(name.replace(/\.json$/, ""));
      if (!isDigest(diffID) || !isThere(diffID)) rmSync(join(this.folder, name), { force: true });
    }
  }

  #path(diffID: Digest): string {
    return join(this.folder, `${digestHex(diffID)}.json`);
  }
}
