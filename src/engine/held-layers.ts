// Layers that a verb reads, kept while their images and containers go.
import { sweepLayers } from "../images/remove.ts";
import type { Engine } from "./engine.ts";
import { layersInUse } from "./remove.ts";

/** Until disposed of. What a removal left in place for the holder's sake goes then. Chain ids. */
export function holdLayers(engine: Engine, chainIDs: readonly string[]): AsyncDisposable {
  const { images } = engine;
  const hold = images.layers.hold(chainIDs);
  return {
    async [Symbol.asyncDispose]() {
      hold[Symbol.dispose]();
      await sweepLayers(images, () => layersInUse(engine), chainIDs);
    },
  };
}
