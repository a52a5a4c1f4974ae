// `ps`: one row for each container that the filters let through, newest first.
import { InvalidParameterError, NotFoundError } from "../base/errors.ts";
import { valuesOf } from "../base/filters.ts";
import type { Filters } from "../base/filters.ts";
import { containerFilter, newestFirst } from "../containers/filters.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { statusText } from "../containers/status-text.ts";
import { commandText, countsAsRunning, networksOf, portsOf, portSummaries } from "../containers/view.ts";
import type { ContainerSummary } from "../spec/docker.ts";
import { containerSizes } from "./container-size.ts";
import type { ContainerSizes } from "./container-size.ts";
import type { Engine } from "./engine.ts";

export type ListOptions = {
  /** Stopped ones too. */
  readonly all: boolean;
  /** At most so many, stopped ones included; undefined or <= 0: no limit. */
  readonly limit?: number | undefined;
  /** Count the bytes of each, which reads its whole file tree. */
  readonly size: boolean;
  readonly filters: Filters;
};

/** InvalidParameterError for filters that Docker refuses, NotFoundError for `before` and `since` of nothing. */
export async function listContainers(engine: Engine, options: ListOptions): Promise<ContainerSummary[]> {
  const { filters, size } = options;
  const limit = options.limit !== undefined && options.limit > 0 ? options.limit : undefined;
  const matches = containerFilter(filters, {
    findContainer: (ref) => engine.containers.find(ref),
    findByIdPrefix: (prefix) => engine.containers.idByPrefix(prefix),
    findImage: (ref) => findImage(engine, ref),
  });
  const stoppedToo = options.all || limit !== undefined || valuesOf(filters, "status") !== undefined;
  const records = engine.containers
    .all()
    .filter((record) => (stoppedToo || countsAsRunning(record.state)) && matches(record))
    .toSorted(newestFirst)
    .slice(0, limit);
  const now = engine.host.clock.now();
  const imageName = imageNames(engine);
  return Promise.all(
    records.map(async (record) => {
      const sizes = size ? await containerSizes(engine, record) : undefined;
      return summary(record, imageName(record), now, sizes);
    }),
  );
}

function summary(
  record: ContainerRecord,
  image: string,
  now: Date,
  sizes: ContainerSizes | undefined,
): ContainerSummary {
  const { id, name, imageId, createdAt, config, hostConfig, state, health } = record;
  return {
    Id: id,
    Names: [`/${name}`],
    Image: image,
    ImageID: imageId,
    Command: commandText(record),
    Created: Math.floor(Date.parse(createdAt) / 1000),
    Ports: portSummaries(portsOf(record)),
    // As Go leaves out what is 0.
    ...(sizes?.SizeRw ? { SizeRw: sizes.SizeRw } : {}),
    ...(sizes?.SizeRootFs ? { SizeRootFs: sizes.SizeRootFs } : {}),
    Labels: config.Labels,
    State: state.status,
    Status: statusText(state, now, health),
    Health: { Status: health?.Status ?? "none", FailingStreak: health?.FailingStreak ?? 0 },
    HostConfig: {
      NetworkMode: hostConfig.NetworkMode,
      ...(hostConfig.Annotations ? { Annotations: hostConfig.Annotations } : {}),
    },
    NetworkSettings: { Networks: networksOf(record) },
    Mounts: record.mounts,
  };
}

/** The name that the container was made with, or the image's id once that name means another image. Looked up once per name. */
function imageNames(engine: Engine): (record: ContainerRecord) => string {
  const ids = new Map<string, string | undefined>();
  return ({ config, imageId }) => {
    if (!ids.has(config.Image)) ids.set(config.Image, findImage(engine, config.Image)?.id);
    return ids.get(config.Image) === imageId ? config.Image : imageId;
  };
}

function findImage(
  engine: Engine,
  ref: string,
): { readonly id: string; readonly layers: readonly string[] } | undefined {
  try {
    return engine.images.resolve(ref);
  } catch (err) {
    if (err instanceof NotFoundError || err instanceof InvalidParameterError) return undefined;
    throw err;
  }
}
