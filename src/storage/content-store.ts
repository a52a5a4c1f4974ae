// Blobs by digest: image configs and manifests. What is read is what was asked for, or an error.
//
//   content/sha256/<64 hex digits>
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurable } from "../base/durable-file.ts";
import { NotFoundError, SystemError, hasCode } from "../base/errors.ts";
import { digestHex, digestOf, digestOfHex, type Digest } from "../spec/digest.ts";

export type ContentStore = { readonly folder: string };

export function openContentStore(root: string): ContentStore {
  const folder = join(root, "content", "sha256");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return { folder };
}

/** Durable when it returns. Putting what is there already is fine; a damaged one is replaced. */
export function putBlob(store: ContentStore, bytes: Uint8Array): Digest {
  const digest = digestOf(bytes);
  const path = blobPath(store, digest);
  const there = readIfThere(path);
  if (there === undefined || digestOf(there) !== digest) writeFileDurable(path, bytes);
  return digest;
}

/** @throws NotFoundError; SystemError when the file is not what its name says. */
export function readBlob(store: ContentStore, digest: Digest): Uint8Array {
  const bytes = readIfThere(blobPath(store, digest));
  if (bytes === undefined) throw new NotFoundError(`content ${digest} not found`);
  if (digestOf(bytes) !== digest) throw new SystemError(`content ${digest} is damaged on disk`);
  return bytes;
}

/** Deleting what is not there is fine. */
export function deleteBlob(store: ContentStore, digest: Digest): void {
  rmSync(blobPath(store, digest), { force: true });
}

/** Deletes all blobs that are not kept, and what a crash left half written. Returns how many files that were. */
export function sweepBlobs(store: ContentStore, keep: (digest: Digest) => boolean): number {
  let swept = 0;
  for (const name of readdirSync(store.folder)) {
    if (keep(digestOfHex(name))) continue;
    rmSync(join(store.folder, name), { force: true });
    swept++;
  }
  return swept;
}

function blobPath(store: ContentStore, digest: Digest): string {
  return join(store.folder, digestHex(digest));
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (err) {
    if (hasCode(err, "ENOENT")) return undefined;
    throw err;
  }
}
