// Image bodies: the OCI image specification 1.1 (config.md, manifest.md, image-index.md, image-layout.md), Docker's
// schema 2 manifests, which differ in media types only, and the older table of contents inside `docker save` archives.
// Everything here comes from outside: a reader checks before it believes.
import type { Digest } from "./digest.ts";
import type { HealthConfig, StringSet } from "./docker.ts";

export const mediaTypes = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
} as const;

export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerManifestList;
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

/** Names that a reader of an image layout looks for in the annotations of a descriptor. */
export const annotations = {
  /** A tag, or a whole reference. */
  refName: "org.opencontainers.image.ref.name",
  /** A whole reference, written by containerd and BuildKit. */
  containerdName: "io.containerd.image.name",
  /** On BuildKit's attestations, which have the shape of images and are none. */
  referenceType: "vnd.docker.reference.type",
} as const;

export type Platform = {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly "os.version"?: string;
};

export type Descriptor = {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
};

export type ImageManifest = {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
};

export type ImageIndex = {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly manifests: readonly Descriptor[];
};

/** One step of how an image came to be; those with `empty_layer` have no layer of their own. */
export type HistoryEntry = {
  /** RFC 3339. */
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
};

/** What containers of the image run by default. Docker's extensions (Healthcheck, OnBuild, Shell…) are in it too. */
export type ImageRunConfig = {
  readonly User?: string;
  readonly ExposedPorts?: StringSet | null;
  readonly Env?: readonly string[] | null;
  readonly Entrypoint?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Volumes?: StringSet | null;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly StopSignal?: string;
  readonly ArgsEscaped?: boolean;
  readonly Healthcheck?: HealthConfig;
  readonly OnBuild?: readonly string[] | null;
  readonly Shell?: readonly string[] | null;
};

/** The config blob of an image. Its digest is the image's id. */
export type ImageConfig = {
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly config?: ImageRunConfig | null;
  readonly rootfs: {
    readonly type: "layers";
    /** Digests of the uncompressed layers, lowest first. */
    readonly diff_ids: readonly Digest[];
  };
  readonly history?: readonly HistoryEntry[] | null;
  readonly docker_version?: string;
  readonly comment?: string;
};

/** One image of `manifest.json` in an archive of `docker save`; paths are those of the archive's own entries. */
export type ArchiveImage = {
  readonly Config: string;
  readonly RepoTags: readonly string[] | null;
  /** Lowest first. */
  readonly Layers: readonly string[];
  /** Id of the image that this one was built on, if the archive holds it too. */
  readonly Parent?: string;
};
