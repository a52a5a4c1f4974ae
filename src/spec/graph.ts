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
