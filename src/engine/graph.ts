// `graph ls` and `graph fsck`: the layers of all images as they lie on the disk.
import { fsck } from "../images/fsck/fsck.ts";
import type { Digest } from "../spec/digest.ts";
import { familiarString } from "../spec/reference.ts";
import type { FsckLine, GraphLayer } from "../spec/graph.ts";
import type { LayerRecord } from "../storage/layer-store.ts";
import type { Engine } from "./engine.ts";

/** A layer before those that stand on it; trees in the order of their lowest layer's id. */
export function listLayers({ images, containers }: Engine): GraphLayer[] {
  const records = images.records();
  const users = containers.all();
  const all = images.layers.all().toSorted((a, b) => (a.chainID < b.chainID ? -1 : 1));
  const above = Map.groupBy(all, ({ parent }) => {
    return parent === undefined || images.layers.get(parent) === undefined ? undefined : parent;
  });
  const inOrder: LayerRecord[] = [];
  const follow = (below: Digest | undefined): void => {
    for (const layer of above.get(below) ?? []) {
      inOrder.push(layer);
      follow(layer.chainID);
    }
  };
  follow(undefined);
  return inOrder.map(({ chainID, diffID, parent = "", sizeBytes, archiveBytes }) => {
    const having = records.filter(({ layers }) => layers.includes(chainID)).map(({ id }) => id);
    return {
      Id: chainID,
      DiffID: diffID,
      Parent: parent,
      Size: sizeBytes,
      ArchiveSize: archiveBytes,
      Images: having,
      Names: having.flatMap((id) => images.tags.of(id).map(familiarString)),
      Containers: users.filter(({ layers }) => layers.includes(chainID)).map(({ id }) => id),
    };
  });
}

export function checkGraph({ images, containers }: Engine, repair: boolean): AsyncIterable<FsckLine> {
  return fsck(images, { containers: () => containers.all() }, repair);
}
