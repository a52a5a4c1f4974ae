// `save`: images as one archive that is an OCI image layout (index.json) and at once what `docker load` takes (manifest.json).
//
//   oci-layout index.json manifest.json   what is in it; first, so that a reader can know all before the layers come
//   blobs/sha256/<hex>                    configs, manifests and layers by their digests, each once
//
// Layers are as they came, uncompressed: their digests are those that the configs name. The same images give the same bytes.
import { NotFoundError } from "../base/errors.ts";
import { digestHex, digestOf, type Digest } from "../spec/digest.ts";
import {
  annotations,
  mediaTypes,
  type ArchiveImage,
  type Descriptor,
  type ImageIndex,
  type ImageManifest,
} from "../spec/oci-image.ts";
import { familiarName, familiarString, fullName, parseReference, type Reference } from "../spec/reference.ts";
import type { LayerRecord } from "../storage/layer-store.ts";
import { archiveEnd, encodeEntry, padding, plainEntry } from "../storage/tar-writer.ts";
import { requirePlatform, type WantedPlatform } from "./image-platform.ts";
import type { Image, ImageStore } from "./image-store.ts";

export type SavedImage = {
  readonly image: Image;
  /** Names with tags that the archive gives it. */
  readonly references: readonly Reference[];
};

/**
 * The images that are meant: a name without a tag is all tags of its repository, an id or digest gives an image no name.
 * @throws NotFoundError, InvalidParameterError.
 */
export function imagesToSave(
  store: ImageStore,
  names: readonly string[],
  platform?: WantedPlatform,
): SavedImage[] {
  const found = new Map<Digest, { image: Image; references: Map<string, Reference> }>();
  for (const { image, reference } of names.flatMap((name) => meantBy(store, name))) {
    if (platform !== undefined) requirePlatform(image, image.id, platform);
    const known = found.get(image.id) ?? { image, references: new Map<string, Reference>() };
    if (reference?.tag !== undefined) known.references.set(familiarString(reference), reference);
    found.set(image.id, known);
  }
  return Array.from(found.values(), ({ image, references }) => ({
    image,
    references: [...references.values()],
  }));
}

type Meant = { readonly image: Image; readonly reference?: Reference };

function meantBy(store: ImageStore, name: string): Meant[] {
  const { reference } = parseReference(name);
  if (reference !== undefined && reference.tag === undefined && reference.digest === undefined) {
    const same = store.tags
      .all()
      .filter((tagged) => familiarName(tagged.reference) === familiarName(reference));
    const all = same.flatMap(({ reference: tagged, id }) => {
      const image = store.get(id);
      return image === undefined ? [] : [{ image, reference: tagged }];
    });
    if (all.length > 0) return all;
  }
  const image = store.resolve(name);
  const isName = reference !== undefined && store.tags.get(reference) === image.id;
  return [isName ? { image, reference } : { image }];
}

/** Chain ids of the layers that `archiveOf` reads. */
export function layersToSave(saved: readonly SavedImage[]): Digest[] {
  return saved.flatMap(({ image }) => image.layers);
}

/** Hold the layers until it is read to its end. */
export async function* archiveOf(
  store: ImageStore,
  saved: readonly SavedImage[],
): AsyncGenerator<Uint8Array> {
  const layers = new Map<Digest, LayerRecord>();
  const blobs = new Map<Digest, Uint8Array>();
  const manifests: Descriptor[] = [];
  for (const { image, references } of saved) {
    for (const layer of layersOf(store, image)) layers.set(layer.diffID, layer);
    const config = store.content(image.id);
    const manifest = Buffer.from(JSON.stringify(manifestOf(store, image, config)));
    const digest = digestOf(manifest);
    blobs.set(image.id, config).set(digest, manifest);
    const descriptor = { mediaType: mediaTypes.ociManifest, digest, size: manifest.length };
    if (references.length === 0) manifests.push(descriptor);
    for (const reference of references) manifests.push({ ...descriptor, annotations: nameNotes(reference) });
  }
  const index: ImageIndex = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  yield file("oci-layout", Buffer.from(JSON.stringify({ imageLayoutVersion: "1.0.0" })));
  yield file("index.json", Buffer.from(JSON.stringify(index)));
  yield file("manifest.json", Buffer.from(JSON.stringify(saved.map((one) => tableEntry(store, one, saved)))));
  yield folder("blobs/");
  yield folder("blobs/sha256/");
  for (const [digest, bytes] of blobs) yield file(blobPath(digest), bytes);
  for (const [diffID, { chainID, archiveBytes }] of layers) {
    yield encodeEntry({ ...plainEntry, path: blobPath(diffID), sizeBytes: archiveBytes });
    yield* store.layers.archive(chainID);
    yield padding(archiveBytes);
  }
  yield archiveEnd();
}

function layersOf(store: ImageStore, { layers }: Image): LayerRecord[] {
  return layers.map((chainID) => {
    const layer = store.layers.get(chainID);
    if (layer === undefined) throw new NotFoundError(`layer ${chainID} not found`);
    return layer;
  });
}

function manifestOf(store: ImageStore, image: Image, config: Uint8Array): ImageManifest {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: image.id, size: config.length },
    layers: layersOf(store, image).map(({ diffID, archiveBytes }) => ({
      mediaType: mediaTypes.ociLayer,
      digest: diffID,
      size: archiveBytes,
    })),
  };
}

function nameNotes(reference: Reference): Readonly<Record<string, string>> {
  const { tag = "" } = reference;
  return { [annotations.containerdName]: `${fullName(reference)}:${tag}`, [annotations.refName]: tag };
}

function tableEntry(
  store: ImageStore,
  { image, references }: SavedImage,
  all: readonly SavedImage[],
): ArchiveImage {
  const hasParent = all.some((other) => other.image.id === image.parent);
  return {
    Config: blobPath(image.id),
    RepoTags: references.length === 0 ? null : references.map(familiarString),
    Layers: layersOf(store, image).map(({ diffID }) => blobPath(diffID)),
    ...(hasParent && image.parent !== undefined ? { Parent: image.parent } : {}),
  };
}

function blobPath(digest: Digest): string {
  return `blobs/sha256/${digestHex(digest)}`;
}

function folder(path: string): Uint8Array {
  return encodeEntry({ ...plainEntry, path, kind: "directory", mode: 0o755 });
}

function file(path: string, body: Uint8Array): Uint8Array {
  const entry = encodeEntry({ ...plainEntry, path, sizeBytes: body.length });
  return Buffer.concat([entry, body, padding(body.length)]);
}
