// Reading manifests and indexes, which came from outside: the distribution's two kinds in their two spellings. What is wrong
// with one is said; what is right is exact, sizes and digests included.
import { InvalidParameterError, NotImplementedError } from "../base/errors.ts";
import { isDigest, type Digest } from "../spec/digest.ts";
import { annotations, isIndexType, isManifestType, mediaTypes, type Platform } from "../spec/oci-image.ts";
import { isObject, parseJson } from "./image-config.ts";

export type CheckedDescriptor = {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: Partial<Platform>;
  readonly isAttestation: boolean;
};

export type Manifest =
  | { readonly kind: "index"; readonly mediaType: string; readonly manifests: readonly CheckedDescriptor[] }
  | {
      readonly kind: "image";
      readonly mediaType: string;
      readonly config: CheckedDescriptor;
      /** Lowest first. */
      readonly layers: readonly CheckedDescriptor[];
    };

/** overlayfs takes no more than some hundred lower folders, and Docker 127 layers. */
const maxLayers = 500;
const maxManifests = 10_000;
/** A config is read into memory; the largest known ones have a few hundred KiB. */
export const maxConfigBytes = 8 << 20;

/**
 * @param declaredType the media type by which it came; the one in the body counts where this one is none of ours.
 * @throws InvalidParameterError; NotImplementedError for the formats that Docker has given up.
 */
export function parseManifest(bytes: Uint8Array, declaredType: string): Manifest {
  const body = parseJson(bytes, "manifest");
  if (body["schemaVersion"] === 1 || declaredType.includes("docker.distribution.manifest.v1+"))
    throw new NotImplementedError(
      "Docker Image Format v1 and Docker Image manifest version 2, schema 1 are not supported",
    );
  const own = typeof body["mediaType"] === "string" ? body["mediaType"] : "";
  const isKnown = (type: string): boolean => isIndexType(type) || isManifestType(type);
  if (isKnown(own) && isKnown(declaredType) && isIndexType(own) !== isIndexType(declaredType))
    throw new InvalidParameterError(
      `invalid manifest: it came as ${declaredType} and says that it is ${own}`,
    );
  const mediaType = isKnown(own) ? own : declaredType;
  // A document that could be read as either is read by nobody (CVE-2021-41190).
  if ("manifests" in body && ("layers" in body || "config" in body))
    throw new InvalidParameterError("invalid manifest: it is an index and an image at once");
  if (isIndexType(mediaType) || (!isKnown(mediaType) && "manifests" in body))
    return {
      kind: "index",
      mediaType: isIndexType(mediaType) ? mediaType : mediaTypes.ociIndex,
      manifests: descriptorsIn(body, "manifests", maxManifests),
    };
  if (!isManifestType(mediaType) && !("config" in body))
    throw new InvalidParameterError(`unsupported manifest media type ${JSON.stringify(mediaType)}`);
  const config = descriptorOf(body["config"], "config");
  if (config.mediaType !== mediaTypes.ociConfig && config.mediaType !== mediaTypes.dockerConfig)
    throw new InvalidParameterError(
      `this is no image that can be run: its config is of the type ${JSON.stringify(config.mediaType)}`,
    );
  if (config.size > maxConfigBytes)
    throw new InvalidParameterError(`invalid manifest: an image config of ${config.size} bytes`);
  return {
    kind: "image",
    mediaType: isManifestType(mediaType) ? mediaType : mediaTypes.ociManifest,
    config,
    layers: descriptorsIn(body, "layers", maxLayers),
  };
}

function descriptorsIn(
  body: Readonly<Record<string, unknown>>,
  key: string,
  most: number,
): CheckedDescriptor[] {
  const list = body[key] ?? [];
  if (!Array.isArray(list)) throw new InvalidParameterError(`invalid manifest: ${key} is no list`);
  if (list.length > most) throw new InvalidParameterError(`invalid manifest: ${list.length} ${key}`);
  return list.map((item) => descriptorOf(item, key));
}

function descriptorOf(value: unknown, key: string): CheckedDescriptor {
  const { mediaType, digest, size, platform, annotations: notes } = isObject(value) ? value : {};
  if (typeof digest !== "string" || typeof mediaType !== "string")
    throw new InvalidParameterError(`invalid manifest: a descriptor in ${key} without digest or media type`);
  if (!isDigest(digest))
    throw new InvalidParameterError(
      `invalid manifest: unsupported digest ${JSON.stringify(digest.slice(0, 100))}`,
    );
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw new InvalidParameterError(`invalid manifest: the size of ${digest} is no size`);
  return {
    mediaType,
    digest,
    size,
    ...(isObject(platform) ? { platform } : {}),
    isAttestation: isObject(notes) && notes[annotations.referenceType] !== undefined,
  };
}
