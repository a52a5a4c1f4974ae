// `system df`: what containers, images and volumes take on disk.
import { noFilters } from "../base/filters.ts";
import type { ContainerSummary } from "../spec/docker.ts";
import type { ImageSummary } from "../spec/docker-images.ts";
import type { VolumeBody } from "../spec/docker-resources.ts";
import type { Engine } from "./engine.ts";
import { listImages } from "./images.ts";
import { listContainers } from "./list.ts";
import { volumesWithUsage } from "./manage-volumes.ts";

export type DiskUsage = {
  readonly containers: readonly ContainerSummary[];
  readonly images: { readonly items: readonly ImageSummary[]; readonly layersBytes: number };
  readonly volumes: readonly VolumeBody[];
};

type Counting = { [kind in keyof DiskUsage]?: Promise<DiskUsage[kind]> };

const underWay = new WeakMap<Engine, Counting>();

/** Reads every file of containers and volumes. Those who ask while it is being counted share the result. */
export async function diskUsage<Kind extends keyof DiskUsage>(
  engine: Engine,
  kinds: readonly Kind[],
): Promise<Pick<DiskUsage, Kind>> {
  const counts = await Promise.all(kinds.map(async (kind) => [kind, await shared(engine, kind)]));
  return Object.fromEntries(counts) as Pick<DiskUsage, Kind>;
}

function shared<Kind extends keyof DiskUsage>(engine: Engine, kind: Kind): Promise<DiskUsage[Kind]> {
  const counting: Counting = underWay.get(engine) ?? {};
  underWay.set(engine, counting);
  const running = counting[kind];
  if (running) return running;
  const count = counters[kind](engine).finally(() => delete counting[kind]);
  counting[kind] = count as Counting[Kind];
  return count;
}

const counters: { readonly [kind in keyof DiskUsage]: (engine: Engine) => Promise<DiskUsage[kind]> } = {
  containers: (engine) => listContainers(engine, { all: true, size: true, filters: noFilters }),
  images: (engine) =>
    Promise.resolve({
      items: listImages(engine, { all: false, sharedSize: true, filters: noFilters }),
      layersBytes: engine.images.layers.all().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    }),
  volumes: volumesWithUsage,
};
