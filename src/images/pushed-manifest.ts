// The manifest under which an image is pushed: the one that it came with where the registry has its layers, else a new one.
import { mediaTypes, type Descriptor } from "../spec/oci-image.ts";
import type { Image, ImageStore } from "./image-store.ts";
import type { LayerBlob } from "./layer-blobs.ts";
import { parseManifest, type Manifest } from "./manifest.ts";

export type LayerForm = Pick<LayerBlob, "digest" | "size" | "mediaType">;
export type KnownManifest = {
  readonly bytes: Uint8Array;
  readonly manifest: Extract<Manifest, { kind: "image" }>;
};
type Compression = "none" | "gzip" | "zstd";

/** The image manifests that the image is known by, the latest first. */
export function knownManifests(store: ImageStore, image: Image): KnownManifest[] {
  const found: KnownManifest[] = [];
  for (const digest of image.manifests ?? []) {
    const bytes = store.content(digest);
    const manifest = parseManifest(bytes, "");
    const isOurs =
      manifest.kind === "image" &&
      manifest.config.digest === image.id &&
      manifest.layers.length === image.layers.length;
    if (isOurs) found.push({ bytes, manifest });
  }
  return found;
}

export type PushedManifest = { readonly bytes: Uint8Array; readonly mediaType: string };

/**
 * @param layers in which form the registry has each layer, lowest first.
 * @returns a known manifest of exactly these, or a new one in the spelling of the first known, Docker's where there is none.
 */
export function manifestFor(
  image: Image,
  configSize: number,
  layers: readonly LayerForm[],
  known: readonly KnownManifest[],
): PushedManifest {
  const same = known.find(({ manifest }) =>
    manifest.layers.every(({ digest }, at) => digest === layers[at]?.digest),
  );
  if (same !== undefined) return { bytes: same.bytes, mediaType: same.manifest.mediaType };
  // Docker's spelling has no word for zstd.
  const hasZstd = layers.some(({ mediaType }) => compressionIn(mediaType) === "zstd");
  const isOci = hasZstd || known[0]?.manifest.mediaType === mediaTypes.ociManifest;
  const mediaType = isOci ? mediaTypes.ociManifest : mediaTypes.dockerManifest;
  const config: Descriptor = {
    mediaType: isOci ? mediaTypes.ociConfig : mediaTypes.dockerConfig,
    size: configSize,
    digest: image.id,
  };
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config,
    layers: layers.map(({ digest, size, mediaType: type }) => ({
      mediaType: layerType(compressionIn(type), isOci),
      size,
      digest,
    })),
  };
  return { bytes: Buffer.from(JSON.stringify(manifest)), mediaType };
}

export function compressionIn(mediaType: string): Compression {
  if (mediaType.endsWith("gzip")) return "gzip";
  return mediaType.endsWith("zstd") ? "zstd" : "none";
}

export function layerType(compression: Compression, isOci: boolean): string {
  const [base, mark] = isOci ? [mediaTypes.ociLayer, "+"] : [mediaTypes.dockerLayer, "."];
  return compression === "none" ? base : `${base}${mark}${compression}`;
}
