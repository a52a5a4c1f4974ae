// Reading an archive of images once, as it streams in. What belongs where is told by files that stand anywhere in it, most
// often last, so layers are recognised by their bytes, unpacked on the way and sorted out afterwards.
import { InvalidParameterError } from "../base/errors.ts";
import type { Digest } from "../spec/digest.ts";
import { digestOfHex, isDigest } from "../spec/digest.ts";
import { ByteReader, type ByteSource } from "../storage/byte-reader.ts";
import { compressionOf, decompressed } from "../storage/compression.ts";
import { cleanPath, joinPath, quoted, splitPath } from "../storage/entry-path.ts";
import type { LayerStore, StagedLayer } from "../storage/layer-store.ts";
import { blockSize, hasHeaderChecksum, isZeroBlock } from "../storage/tar-header.ts";
import { TarReader, type TarEntry } from "../storage/tar-reader.ts";

export type ArchivedLayer =
  | { readonly kind: "staged"; readonly layer: StagedLayer }
  /** Its name says that the store has a layer of these files; the archive's copy was not read. */
  | { readonly kind: "known"; readonly diffID: Digest }
  /** It looked like a layer and could not be unpacked: an error only if an image asks for it. */
  | { readonly kind: "broken"; readonly err: InvalidParameterError };

export type ArchiveContents = {
  /** Manifests, configs and other small files. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly layers: ReadonlyMap<string, ArchivedLayer>;
  /** Symbolic and hard links: archives of older tools give a layer several names. */
  readonly links: ReadonlyMap<string, string>;
};

export type LayerProgress = {
  /** Twelve digits of the layer's digest where its name has one, otherwise the name. */
  readonly layer: string;
  readonly readBytes: number;
  readonly sizeBytes: number;
};

export type ReadOptions = {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LayerProgress) => void;
};

/** Manifests and configs are kept in memory; the largest known ones have a few hundred KiB. */
const maxFileBytes = 8 << 20;
const maxFilesBytes = 64 << 20;
/** `blobs/sha256/HEX`, `ID/layer.tar`: what lies deeper belongs to a root file system that was given by mistake. */
const maxDepth = 3;
const maxHops = 16;

/** What reading an archive takes up, filled on the way: the caller lets go of it, after a failure too. */
export type Collected = {
  /** To be discarded. */
  readonly staged: StagedLayer[];
  /** Keeps layers by their chain ids: those that are known. */
  readonly hold: (chainIDs: readonly string[]) => void;
};

export async function readArchive(
  store: LayerStore,
  source: ByteSource,
  collected: Collected,
  options: ReadOptions = {},
): Promise<ArchiveContents> {
  const archive = new TarReader(decompressed(source));
  const files = new Map<string, Uint8Array>();
  const layers = new Map<string, ArchivedLayer>();
  const links = new Map<string, string>();
  let keptBytes = 0;
  try {
    for (let entry = await archive.next(); entry !== undefined; entry = await archive.next()) {
      options.signal?.throwIfAborted();
      const path = cleanPath(entry.path);
      if (entry.kind === "hardlink") links.set(path, cleanPath(entry.target));
      if (entry.kind === "symlink") noteLink(links, path, entry.target);
      if (entry.kind !== "file" || path.split("/").length > maxDepth) continue;
      const body = new ByteReader(archive.body());
      if (looksLikeLayer(await body.peek(blockSize))) {
        const layer = await readLayer(store, path, watched(body.rest(), path, entry, options), options);
        if (layer.kind === "staged") collected.staged.push(layer.layer);
        if (layer.kind === "known") collected.hold(placesOf(store, layer.diffID));
        layers.set(path, layer);
      } else if (entry.sizeBytes <= maxFileBytes) {
        keptBytes += entry.sizeBytes;
        if (keptBytes > maxFilesBytes)
          throw new InvalidParameterError("invalid archive: more than 64 MiB of files that are no layers");
        files.set(path, new Uint8Array(await body.take(entry.sizeBytes)));
      }
    }
    await archive.drain();
  } finally {
    await archive.close();
  }
  return { files, layers, links };
}

/** The path that a name leads to through the archive's links. */
export function followLinks({ links }: ArchiveContents, path: string): string {
  let at = cleanPath(path);
  for (let hop = 0; hop < maxHops; hop++) {
    const target = links.get(at);
    if (target === undefined) return at;
    at = target;
  }
  throw new InvalidParameterError(`invalid archive: ${quoted(path)} is a link without end`);
}

/** A link that leads out of the archive is one to nothing. */
function noteLink(links: Map<string, string>, path: string, target: string): void {
  const whole = target.startsWith("/") ? target : joinPath(splitPath(path).folder, target);
  try {
    links.set(path, cleanPath(whole));
  } catch (err) {
    if (!(err instanceof InvalidParameterError)) throw err;
  }
}

function looksLikeLayer(head: Uint8Array): boolean {
  if (compressionOf(head) !== "none") return true;
  return head.length === blockSize && (isZeroBlock(head) || hasHeaderChecksum(head));
}

async function readLayer(
  store: LayerStore,
  path: string,
  body: ByteSource,
  { signal }: ReadOptions,
): Promise<ArchivedLayer> {
  const named = digestIn(path);
  if (named !== undefined && placesOf(store, named).length > 0) return { kind: "known", diffID: named };
  try {
    return { kind: "staged", layer: await store.stage(body, signal) };
  } catch (err) {
    if (err instanceof InvalidParameterError) return { kind: "broken", err };
    throw err;
  }
}

/** Chain ids of the layers of these files. */
function placesOf(store: LayerStore, wanted: Digest): Digest[] {
  return store.all().flatMap(({ chainID, diffID }) => (diffID === wanted ? [chainID] : []));
}

/** `blobs/sha256/HEX`, `HEX.tar` and `HEX/layer.tar` may be named by what is in them; a hash of anything else is no diffID. */
function digestIn(path: string): Digest | undefined {
  const hex = /(?:^|\/)([a-f0-9]{64})(?:\.tar|\/layer\.tar)?$/.exec(path)?.[1];
  const digest = digestOfHex(hex ?? "");
  return isDigest(digest) ? digest : undefined;
}

async function* watched(
  body: ByteSource,
  path: string,
  { sizeBytes }: TarEntry,
  { onProgress }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const layer = /[a-f0-9]{64}/.exec(path)?.[0].slice(0, 12) ?? path;
  let readBytes = 0;
  for await (const chunk of body) {
    readBytes += chunk.length;
    onProgress?.({ layer, readBytes, sizeBytes });
    yield chunk;
  }
}
