// The last step of a pull: layers that were unpacked, each for itself, find their places, and the image is there.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../spec/digest.ts";
import type { ImageConfig } from "../spec/oci-image.ts";
import type { Reference } from "../spec/reference.ts";
import { chainIDsOf } from "../storage/chain-id.ts";
import type { StagedLayer } from "../storage/layer-store.ts";
import type { Image, ImageStore } from "./image-store.ts";

export type PulledImage = {
  readonly configBytes: Uint8Array;
  readonly body: ImageConfig;
  /** The image's manifest and the indexes that led to it. */
  readonly manifests: readonly Uint8Array[];
  readonly references: readonly Reference[];
};

/** The diffIDs for which an archive is needed: what the store has, on whatever base, is not. */
export function missingLayers(store: ImageStore, { rootfs }: ImageConfig): Digest[] {
  const chain = chainIDsOf(rootfs.diff_ids);
  const first = chain.findIndex((chainID) => store.layers.get(chainID) === undefined);
  if (first === -1) return [];
  const known = new Set(store.layers.all().map(({ diffID }) => diffID));
  return [...new Set(rootfs.diff_ids.slice(first))].filter((diffID) => !known.has(diffID));
}

/**
 * Commits the layers and adds the image with its names.
 * @returns undefined when a layer that was there has been removed since: it has to be fetched too.
 */
export async function addPulledImage(
  store: ImageStore,
  pulled: PulledImage,
  staged: ReadonlyMap<Digest, StagedLayer>,
): Promise<Image | undefined> {
  return await store.exclusive(async () => {
    if (!(await commitLayers(store, pulled.body, staged))) return undefined;
    const image = store.add(pulled.configBytes);
    store.keepManifests(image, pulled.manifests);
    const isNews = pulled.references.some((reference) => store.tags.get(reference) !== image.id);
    return isNews ? store.tag(image, pulled.references) : image;
  });
}

async function commitLayers(
  store: ImageStore,
  { rootfs: { diff_ids: diffIDs } }: ImageConfig,
  staged: ReadonlyMap<Digest, StagedLayer>,
): Promise<boolean> {
  const chain = chainIDsOf(diffIDs);
  const first = chain.findIndex((chainID) => store.layers.get(chainID) === undefined);
  if (first === -1) return true;
  const layers: StagedLayer[] = [];
  const copies: StagedLayer[] = [];
  try {
    for (const diffID of diffIDs.slice(first)) {
      const own = staged.get(diffID);
      // Another pull that shared it may have put it in its place already.
      const isFree = own !== undefined && existsSync(join(own.folder, "diff"));
      if (isFree && !layers.includes(own)) {
        layers.push(own);
        continue;
      }
      const record = store.layers.all().find((layer) => layer.diffID === diffID);
      if (!isFree && record === undefined) return false;
      const copy = isFree ? await store.layers.duplicate(own) : record && (await store.layers.copy(record));
      if (copy === undefined) return false;
      copies.push(copy);
      layers.push(copy);
    }
    await store.layers.commit(chain[first - 1], layers);
    return true;
  } finally {
    for (const copy of copies) store.layers.discard(copy);
  }
}
