// Which images an archive holds: the table of contents of `docker save` (manifest.json), or an OCI image layout
// (index.json). Archives of today have both, and say the names in the first.
import { InvalidParameterError } from "../base/errors.ts";
import { digestOf, isDigest } from "../spec/digest.ts";
import { annotations, isIndexType, isManifestType, mediaTypes, type Platform } from "../spec/oci-image.ts";
import { parseReference, withDefaultTag, type Reference } from "../spec/reference.ts";
import { quoted } from "../storage/entry-path.ts";
import { followLinks, type ArchiveContents } from "./archive-contents.ts";
import { hostPlatform, isObject, parseJson } from "./image-config.ts";

/** An image of an archive, before anything of it is believed. */
export type ArchivedImage = {
  readonly configBytes: Uint8Array;
  /** Paths in the archive, lowest layer first. */
  readonly layerPaths: readonly string[];
  readonly references: readonly Reference[];
  /** Id of the image that it was built on. */
  readonly parent?: string;
};

/** @throws InvalidParameterError when it is no archive of images, or one that is not whole. */
export function imagesIn(contents: ArchiveContents): ArchivedImage[] {
  const manifest = contents.files.get("manifest.json");
  if (manifest !== undefined) return dockerImages(contents, manifest);
  const index = contents.files.get("index.json");
  if (index !== undefined) return layoutImages(contents, index);
  throw new InvalidParameterError("invalid archive: does not contain a manifest.json");
}

function dockerImages(contents: ArchiveContents, bytes: Uint8Array): ArchivedImage[] {
  // parseJson takes objects only, and this file is a list.
  const { list } = parseJson(Buffer.from(`{"list":${Buffer.from(bytes).toString()}}`), "manifest.json");
  if (!Array.isArray(list)) throw new InvalidParameterError("invalid manifest.json: it is no list");
  return list.map((item: unknown) => dockerImage(contents, item));
}

function dockerImage(contents: ArchiveContents, item: unknown): ArchivedImage {
  const { Config: config, Layers, RepoTags, Parent: parent } = isObject(item) ? item : {};
  const [layers, tags] = [Layers ?? [], RepoTags ?? []];
  if (typeof config !== "string" || !isTexts(layers) || !isTexts(tags))
    throw new InvalidParameterError("invalid manifest.json: Config, Layers or RepoTags are missing or wrong");
  return {
    configBytes: fileAt(contents, config),
    layerPaths: layers.map((path) => followLinks(contents, path)),
    references: tags.map(taggedReference),
    ...(typeof parent === "string" && isDigest(parent) ? { parent } : {}),
  };
}

function taggedReference(text: string): Reference {
  const { reference } = parseReference(text);
  if (reference === undefined || reference.digest !== undefined)
    throw new InvalidParameterError(`invalid tag ${quoted(text)}`);
  return withDefaultTag(reference);
}

function layoutImages(contents: ArchiveContents, bytes: Uint8Array): ArchivedImage[] {
  const index = parseJson(bytes, "index.json");
  const images: ArchivedImage[] = [];
  for (const descriptor of descriptorsOf(index, "manifests")) {
    if (isAttestation(descriptor)) continue;
    const manifest = manifestOf(contents, descriptor);
    if (manifest !== undefined) images.push({ ...manifest, references: namesOf(descriptor) });
  }
  if (images.length === 0) throw new InvalidParameterError("invalid archive: index.json names no image");
  return images;
}

type LooseDescriptor = {
  readonly mediaType: string;
  readonly digest: string;
  readonly platform: Readonly<Record<string, unknown>>;
  readonly annotations: Readonly<Record<string, unknown>>;
};

function descriptorsOf(body: Readonly<Record<string, unknown>>, key: string): LooseDescriptor[] {
  const list = body[key] ?? [];
  if (!Array.isArray(list)) throw new InvalidParameterError(`invalid archive: ${key} is no list`);
  return list.map(descriptorOf);
}

function descriptorOf(value: unknown): LooseDescriptor {
  const { mediaType = "", digest, platform, annotations: notes } = isObject(value) ? value : {};
  if (typeof digest !== "string" || !isDigest(digest) || typeof mediaType !== "string")
    throw new InvalidParameterError("invalid archive: a descriptor without a sha256 digest");
  return {
    mediaType,
    digest,
    platform: isObject(platform) ? platform : {},
    annotations: isObject(notes) ? notes : {},
  };
}

/** Of an index of several platforms, the image for this machine; `undefined` for what is no image. */
function manifestOf(
  contents: ArchiveContents,
  descriptor: LooseDescriptor,
  depth = 0,
): Omit<ArchivedImage, "references"> | undefined {
  const body = parseJson(blobOf(contents, descriptor.digest), "image manifest");
  const mediaType = descriptor.mediaType || textIn(body, "mediaType");
  if (isIndexType(mediaType) || (mediaType === "" && "manifests" in body)) {
    if (depth > 3) throw new InvalidParameterError("invalid archive: indexes within indexes without end");
    const candidates = descriptorsOf(body, "manifests").filter((candidate) => !isAttestation(candidate));
    const chosen = forPlatform(candidates, hostPlatform());
    if (chosen === undefined)
      throw new InvalidParameterError(
        `no image for linux/${hostPlatform().architecture} in index ${descriptor.digest}`,
      );
    return manifestOf(contents, chosen, depth + 1);
  }
  if (mediaType !== "" && !isManifestType(mediaType)) return undefined;
  const config = descriptorOf(body["config"]);
  // Other things than images are kept in layouts too.
  const isImage = config.mediaType === mediaTypes.ociConfig || config.mediaType === mediaTypes.dockerConfig;
  if (!isImage) return undefined;
  return {
    configBytes: blobOf(contents, config.digest),
    layerPaths: descriptorsOf(body, "layers").map(({ digest }) => blobPath(contents, digest)),
  };
}

/** The one for this machine; with one only, that one, whatever it says. */
function forPlatform(candidates: readonly LooseDescriptor[], host: Platform): LooseDescriptor | undefined {
  const fitting = candidates.filter(
    ({ platform }) => platform["os"] === host.os && platform["architecture"] === host.architecture,
  );
  const exact = fitting.find(({ platform }) => platform["variant"] === host.variant);
  return exact ?? fitting[0] ?? (candidates.length === 1 ? candidates[0] : undefined);
}

function isAttestation({ annotations: notes }: LooseDescriptor): boolean {
  return notes[annotations.referenceType] !== undefined;
}

/** A name in the annotations that is a whole reference: many tools write a mere tag there, which names nothing. */
function namesOf({ annotations: notes }: LooseDescriptor): Reference[] {
  const whole = notes[annotations.containerdName];
  const short = notes[annotations.refName];
  const text =
    typeof whole === "string" ? whole : typeof short === "string" && /[:/]/.test(short) ? short : "";
  const { reference } = parseReference(text);
  if (reference === undefined) return [];
  const { digest, ...named } = reference;
  return digest !== undefined && named.tag === undefined ? [] : [withDefaultTag(named)];
}

function blobOf(contents: ArchiveContents, digest: string): Uint8Array {
  const bytes = fileAt(contents, blobPath(contents, digest));
  if (digestOf(bytes) !== digest)
    throw new InvalidParameterError(`invalid archive: blob ${digest} is not what its digest says`);
  return bytes;
}

function blobPath(contents: ArchiveContents, digest: string): string {
  return followLinks(contents, `blobs/${digest.replace(":", "/")}`);
}

function fileAt(contents: ArchiveContents, path: string): Uint8Array {
  const bytes = contents.files.get(followLinks(contents, path));
  if (bytes === undefined) throw new InvalidParameterError(`invalid archive: ${quoted(path)} is missing`);
  return bytes;
}

function textIn(body: Readonly<Record<string, unknown>>, key: string): string {
  const value = body[key];
  return typeof value === "string" ? value : "";
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
