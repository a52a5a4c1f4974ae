// `history`: the steps by which an image came to be, newest first.
import type { HistoryItem } from "../spec/docker-images.ts";
import { familiarString } from "../spec/reference.ts";
import { createdSeconds } from "./image-summary.ts";
import type { Image, ImageStore } from "./image-store.ts";

/** Steps of which nothing but the text is known have the id `<missing>`; those built here have the id of their image. */
export function imageHistory(store: ImageStore, image: Image): HistoryItem[] {
  const sizes = image.layers.map((chainID) => store.layers.get(chainID)?.sizeBytes ?? 0);
  const ids = ancestry(store, image);
  let layer = 0;
  const oldestFirst = (image.body.history ?? []).map((step) => ({
    Id: "<missing>",
    Created: createdSeconds(step.created),
    CreatedBy: step.created_by ?? "",
    Tags: null as readonly string[] | null,
    Size: step.empty_layer === true ? 0 : (sizes[layer++] ?? 0),
    Comment: step.comment ?? "",
  }));
  return oldestFirst.toReversed().map((item, at) => {
    const ancestor = ids[at];
    if (ancestor === undefined) return item;
    const tags = store.tags
      .of(ancestor.id)
      .filter(({ tag }) => tag !== undefined)
      .map(familiarString);
    return Object.assign(item, { Id: ancestor.id, Tags: tags.length === 0 ? null : tags });
  });
}

/** The image, the one it was built on, and so on. */
function ancestry(store: ImageStore, image: Image): Image[] {
  const found: Image[] = [];
  for (let next: Image | undefined = image; next !== undefined;) {
    found.push(next);
    next = next.parent === undefined ? undefined : store.get(next.parent);
  }
  return found;
}
