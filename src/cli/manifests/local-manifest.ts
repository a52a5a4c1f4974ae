// What the client keeps of an image's manifest while a list of several is being put together: docker's own files and words.

import { CommandError } from "../failure.ts";
import { isIndexType, mediaTypes, type Platform } from "../../spec/oci-image.ts";
import { parseReference, withDefaultTag, fullName, type Reference } from "../../spec/reference.ts";

export type ListedPlatform = Partial<Platform> & { readonly "os.features"?: readonly string[] };

export type ManifestDescriptor = {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: ListedPlatform;
};

type ImageBody = {
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
};

export type LocalManifest = {
  /** The whole name: `docker.io/library/busybox:1`. */
  readonly Ref: string;
  readonly Descriptor: ManifestDescriptor;
  /** Base64 of its bytes; what older clients wrote has none. */
  readonly Raw?: string;
  readonly SchemaV2Manifest?: ImageBody;
  readonly OCIManifest?: ImageBody;
};

/** @throws CommandError for what is no image's manifest. */
export function localManifest(ref: string, bytes: Uint8Array, descriptor: ManifestDescriptor): LocalManifest {
  const body = JSON.parse(Buffer.from(bytes).toString("utf8")) as ImageBody;
  const { mediaType } = descriptor;
  if (isIndexType(mediaType)) throw new CommandError(`${ref} is a manifest list`);
  if (body.config === undefined) throw new CommandError(`${ref} is not a manifest`);
  const key = mediaType === mediaTypes.dockerManifest ? "SchemaV2Manifest" : "OCIManifest";
  return { Ref: ref, Descriptor: descriptor, Raw: Buffer.from(bytes).toString("base64"), [key]: body };
}

/** The manifest's own bytes. */
export function bytesOf({ Ref, Raw }: LocalManifest): Buffer {
  if (Raw === undefined) throw new CommandError(`${Ref} has no payload`);
  return Buffer.from(Raw, "base64");
}

/** What the manifest needs besides itself. */
export function blobsOf({ SchemaV2Manifest, OCIManifest }: LocalManifest): string[] {
  const { config, layers = [] } = SchemaV2Manifest ?? OCIManifest ?? {};
  return [...(config === undefined ? [] : [config.digest]), ...layers.map(({ digest }) => digest)];
}

export function parseName(text: string): Reference {
  const { reference, problem } = parseReference(text);
  if (reference === undefined) throw new CommandError(problem);
  return withDefaultTag(reference);
}

/** As docker writes names of manifests: with everything that is there. */
export function wholeName(reference: Reference): string {
  const { tag, digest } = reference;
  return `${fullName(reference)}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** The list's bytes: its kind is that of the first image, as docker has it. @throws CommandError when it cannot be pushed. */
export function listOf(
  target: Reference,
  manifests: readonly LocalManifest[],
): { mediaType: string; bytes: Buffer } {
  const entries = manifests.map(({ Ref, Descriptor }) => {
    const { domain } = parseName(Ref);
    if (domain !== target.domain)
      throw new CommandError(
        `cannot use source images from a different registry than the target image: ${domain} != ${target.domain}`,
      );
    const { mediaType, size, digest, platform } = Descriptor;
    return { mediaType, size, digest, platform };
  });
  const isOci = entries[0]?.mediaType === mediaTypes.ociManifest;
  const mediaType = isOci ? mediaTypes.ociIndex : mediaTypes.dockerManifestList;
  const body = { schemaVersion: 2, mediaType, manifests: entries };
  return { mediaType, bytes: Buffer.from(JSON.stringify(body, undefined, 3)) };
}

/** Which machines there are, as docker's client knows them: by system. */
const architectures: Readonly<Record<string, readonly string[]>> = {
  darwin: ["386", "amd64", "arm", "arm64"],
  dragonfly: ["amd64"],
  freebsd: ["386", "amd64", "arm"],
  linux: ["386", "amd64", "arm", "arm64", "ppc64le", "mips64", "mips64le", "riscv64", "s390x"],
  netbsd: ["386", "amd64", "arm"],
  openbsd: ["386", "amd64", "arm"],
  plan9: ["386", "amd64"],
  solaris: ["amd64"],
  windows: ["386", "amd64"],
};

export function isKnownMachine({ os = "", architecture = "" }: ListedPlatform): boolean {
  return architectures[os]?.includes(architecture) ?? false;
}
