// What a check of the image store finds.
import type { FsckFinding } from "../../spec/graph.ts";

export type Finding = {
  readonly kind: FsckFinding["Kind"];
  readonly object: string;
  readonly problem: string;
  /** What a person can do where this program cannot. */
  readonly advice?: string;
  /** Run while nothing else changes images; must do no harm when the problem is gone by then. */
  readonly repair?: () => void;
};

/** What the checks are about, and who outside of the image store needs it. */
export type Users = {
  /** Containers, by the chain ids of their layers. */
  readonly containers: () => readonly { readonly id: string; readonly layers: readonly string[] }[];
  /** Keeps layers, whatever is removed meanwhile, until disposed of. */
  readonly hold: (chainIDs: readonly string[]) => AsyncDisposable;
};

/** Counted on the way. */
export type Totals = {
  layers: number;
  layerFiles: number;
  layerBytes: number;
  blobs: number;
  blobBytes: number;
  unaccountedBytes: number;
};
