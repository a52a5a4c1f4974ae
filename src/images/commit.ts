// `commit`: an image out of a container's changes on top of the image that it was made from.
import type { ImageConfig, ImageRunConfig } from "../spec/oci-image.ts";
import type { Reference } from "../spec/reference.ts";
import type { Digest } from "../spec/digest.ts";
import type { StagedLayer } from "../storage/layer-store.ts";
import { hostPlatform } from "./image-config.ts";
import type { Image, ImageStore } from "./image-store.ts";

export type Committed = {
  /** What the container changed; it is committed or discarded. */
  readonly layer: StagedLayer;
  /** Chain ids of the layers below, lowest first. */
  readonly below: readonly Digest[];
  /** The image that they came from, where it is still there. */
  readonly parent: Image | undefined;
  readonly config: ImageRunConfig;
  readonly author: string;
  readonly comment: string;
  /** The container's command, for the history. */
  readonly createdBy: string;
  readonly references: readonly Reference[];
};

/** A container that changed nothing gives an image with no layer of its own. */
export async function commitImage(store: ImageStore, committed: Committed): Promise<Image> {
  const { layer, below, parent, references } = committed;
  try {
    return await store.exclusive(async () => {
      if (layer.entries > 0) await store.layers.commit(below.at(-1), [layer]);
      const created = store.host.clock.now().toISOString();
      const body = bodyOf(store, committed, created);
      const image = store.add(
        Buffer.from(JSON.stringify(body)),
        parent === undefined ? {} : { parent: parent.id },
      );
      return store.tag(image, references);
    });
  } finally {
    store.layers.discard(layer);
  }
}

function bodyOf(store: ImageStore, committed: Committed, created: string): ImageConfig {
  const { layer, below, parent, config, author, comment, createdBy } = committed;
  const diffIDs = below.flatMap((chainID) => store.layers.get(chainID)?.diffID ?? []);
  const { architecture, os, variant } = parent?.body ?? hostPlatform();
  const step = {
    created,
    created_by: createdBy,
    ...(author === "" ? {} : { author }),
    ...(comment === "" ? {} : { comment }),
    ...(layer.entries > 0 ? {} : { empty_layer: true }),
  };
  return {
    architecture,
    os,
    ...(variant === undefined || variant === "" ? {} : { variant }),
    created,
    ...(author === "" ? {} : { author }),
    ...(comment === "" ? {} : { comment }),
    config,
    rootfs: { type: "layers", diff_ids: layer.entries > 0 ? [...diffIDs, layer.diffID] : diffIDs },
    // Of layers whose image is gone nothing is known but that they are there.
    history: [...(parent?.body.history ?? diffIDs.map(() => ({ created_by: "" }))), step],
  };
}
