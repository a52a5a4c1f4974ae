// Sampan's own endpoints about the image store: `GET /graph/layers` and `POST /graph/fsck`.

export type GraphLayer = {
  /** Chain id: the name of its folder. */
  readonly Id: string;
  readonly DiffID: string;
  /** Chain id of the layer below; "" for the lowest. */
  readonly Parent: string;
  /** Sum of its files' sizes. */
  readonly Size: number;
  /** Size of its archive, uncompressed. */
  readonly ArchiveSize: number;
  /** Ids of the images that have it, and their names. */
  readonly Images: readonly string[];
  readonly Names: readonly string[];
  readonly Containers: readonly string[];
  /** Undefined for a layer of no image. */
  readonly Json?: GraphJson | undefined;
};

/** What `graph/<id>/json` held in 2013, where every layer was an image. */
export type GraphJson = {
  readonly id: string;
  readonly parent?: string;
  readonly comment?: string;
  /** RFC 3339; Go's zero time where it is not known. */
  readonly created: string;
  readonly container_config: {
    readonly Hostname: string;
    readonly User: string;
    readonly Memory: number;
    readonly MemorySwap: number;
    readonly AttachStdin: boolean;
    readonly AttachStdout: boolean;
    readonly AttachStderr: boolean;
    readonly PortSpecs: null;
    readonly Tty: boolean;
    readonly OpenStdin: boolean;
    readonly StdinOnce: boolean;
    readonly Env: readonly string[] | null;
    readonly Cmd: readonly string[] | null;
    readonly Dns: null;
    readonly Image: string;
  };
  readonly docker_version?: string;
  readonly author?: string;
};

export type FsckFinding = {
  readonly Kind: "layer" | "image" | "name" | "content" | "container" | "file";
  readonly Object: string;
  readonly Problem: string;
  /** What a person can do about it. */
  readonly Advice: string;
  readonly Repair: "done" | "possible" | "impossible";
};

export type FsckSummary = {
  readonly Layers: number;
  readonly LayerFiles: number;
  readonly LayerBytes: number;
  readonly Images: number;
  readonly Names: number;
  readonly Blobs: number;
  readonly BlobBytes: number;
  /** In files of the store that belong to nothing. */
  readonly UnaccountedBytes: number;
  readonly Problems: number;
  readonly Repaired: number;
};

/** One line of the answer of `POST /graph/fsck`. */
export type FsckLine = { readonly Finding: FsckFinding } | { readonly Summary: FsckSummary };
