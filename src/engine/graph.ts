// `graph ls` and `graph fsck`: the layers of all images as they lie on the disk.
import { fsck } from "../images/fsck/fsck.ts";
import { graphJson } from "../images/graph-json.ts";
import type { Digest } from "../spec/digest.ts";
import { familiarString } from "../spec/reference.ts";
import type { FsckLine, GraphJson, GraphLayer } from "../spec/graph.ts";
import type { LayerRecord } from "../storage/layer-store.ts";
import type { Engine } from "./engine.ts";
import { holdLayers } from "./held-layers.ts";

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
  return inOrder.map((layer) => {
    const having = records.filter(({ layers }) => layers.includes(layer.chainID)).map(({ id }) => id);
    return {
      Id: layer.chainID,
      DiffID: layer.diffID,
      Parent: layer.parent ?? "",
      Size: layer.sizeBytes,
      ArchiveSize: layer.archiveBytes,
      Images: having,
      Names: having.flatMap((id) => images.tags.of(id).map(familiarString)),
      Containers: users.filter(({ layers }) => layers.includes(layer.chainID)).map(({ id }) => id),
      Json: jsonOf(images, having, layer.chainID),
    };
  });
}

/** By an image in which the layer is the topmost, if there is one: that knows most of it. */
function jsonOf(images: Engine["images"], having: readonly Digest[], chainID: Digest): GraphJson | undefined {
  const found = having.flatMap((id) => images.get(id) ?? []);
  const image = found.find(({ layers }) => layers.at(-1) === chainID) ?? found[0];
  return image && graphJson(image.layers, image.layers.indexOf(chainID), image.body);
}

export function checkGraph(engine: Engine, repair: boolean): AsyncIterable<FsckLine> {
  const users = {
    containers: () => engine.containers.all(),
    hold: (chainIDs: readonly string[]) => holdLayers(engine, chainIDs),
  };
  return fsck(engine.images, users, repair);
}
