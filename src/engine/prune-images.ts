// `image prune`: removes images that nobody names, or that no container has.
import { ConflictError, errorText, NotFoundError } from "../base/errors.ts";
import { booleanFilter, checkFilterKeys, untilFilter } from "../base/filters.ts";
import type { Filters } from "../base/filters.ts";
import type { ImageDeleteItem } from "../spec/docker-images.ts";
import type { Engine } from "./engine.ts";
import { listImages, removeImage, usesOf } from "./images.ts";

const acceptedKeys: ReadonlySet<string> = new Set(["dangling", "label", "label!", "until"]);

export type PruneImagesAnswer = {
  readonly ImagesDeleted: readonly ImageDeleteItem[] | null;
  readonly SpaceReclaimed: number;
};

/** Images without a name; with the filter `dangling=false`, all that no container has, running or not. */
export async function pruneImages(engine: Engine, filters: Filters): Promise<PruneImagesAnswer> {
  checkFilterKeys(filters, acceptedKeys);
  untilFilter(filters, engine.host.clock.now());
  const wanted = new Map(filters);
  if (booleanFilter(filters, "dangling", true)) wanted.set("dangling", ["true"]);
  else wanted.delete("dangling");
  const sizeBefore = layersSize(engine);
  const ImagesDeleted: ImageDeleteItem[] = [];
  const rows = listImages(engine, { all: false, sharedSize: false, filters: wanted });
  for (const { Id, RepoTags, RepoDigests } of rows) {
    if (usesOf(engine, Id).length > 0) continue;
    // The last tag takes the digests of its repository along.
    const names = [RepoTags, RepoDigests].find((list) => list.length > 0) ?? [Id];
    for (const name of names)
      try {
        ImagesDeleted.push(...(await removeImage(engine, name, { force: false, noprune: false })));
      } catch (err) {
        // Removed by somebody else, or taken into use: the others go on.
        if (!(err instanceof NotFoundError || err instanceof ConflictError)) throw err;
        engine.host.log.debug("image not pruned", { image: name, error: errorText(err) });
      }
  }
  const SpaceReclaimed = sizeBefore - layersSize(engine);
  engine.events.publish("image", "prune", "", { reclaimed: String(SpaceReclaimed) });
  return { ImagesDeleted: ImagesDeleted.length > 0 ? ImagesDeleted : null, SpaceReclaimed };
}

function layersSize({ images }: Engine): number {
  return images.layers.all().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
