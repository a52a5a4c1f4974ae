// `GET /system/df`: lists of everything up to 1.51, sums from 1.52 on.
import { InvalidParameterError } from "../base/errors.ts";
import { diskUsage as countedUsage } from "../engine/disk-usage.ts";
import type { DiskUsage } from "../engine/disk-usage.ts";
import type { Answer } from "./answer.ts";
import { json } from "./answer.ts";
import { containerSummaryByVersion, diskImageByVersion, forVersion } from "./answers-by-version.ts";
import type { Call } from "./call.ts";
import { flagOf } from "./query.ts";
import type { ApiVersion } from "./version.ts";

type Kind = keyof DiskUsage | "buildCache";

const kindsByName: ReadonlyMap<string, Kind> = new Map([
  ["container", "containers"],
  ["image", "images"],
  ["volume", "volumes"],
  ["build-cache", "buildCache"],
]);

export async function diskUsage({ engine, query, version }: Call): Promise<Answer> {
  const kinds = askedKinds(version < 42 ? [] : query.getAll("type"));
  const counted = kinds.filter((kind) => kind !== "buildCache");
  const usage: Partial<DiskUsage> = await countedUsage(engine, counted);
  const hasBuildCache = kinds.includes("buildCache");
  if (version < 52) return json(listsOf(usage, hasBuildCache, version));
  const verbose = flagOf(query, "verbose");
  const sums = sumsOf(usage, hasBuildCache, verbose);
  // As dockerd to this day: clients that name no version still read the lists, which `verbose` puts elsewhere.
  return json(verbose ? sums : { ...listsOf(usage, hasBuildCache, version), ...sums });
}

/** Of a build cache that is always empty; `docker system prune` asks for it in any case. */
export function pruneBuildCache(): Answer {
  return json({ CachesDeleted: null, SpaceReclaimed: 0 });
}

/** All where none is named. */
function askedKinds(names: readonly string[]): readonly Kind[] {
  const asked = names.map((name) => {
    const kind = kindsByName.get(name);
    if (kind === undefined) throw new InvalidParameterError(`unknown object type: ${name}`);
    return kind;
  });
  return asked.length > 0 ? [...new Set(asked)] : [...kindsByName.values()];
}

function listsOf(usage: Partial<DiskUsage>, hasBuildCache: boolean, version: ApiVersion): object {
  const { containers, images, volumes } = usage;
  return {
    ...(images && {
      LayersSize: images.layersBytes,
      Images: images.items.map((image) => forVersion(image, diskImageByVersion, version)),
    }),
    ...(containers && {
      Containers: containers.map((row) => forVersion(row, containerSummaryByVersion, version)),
    }),
    ...(volumes && { Volumes: volumes }),
    ...(hasBuildCache && { BuildCache: [] }),
    ...(version < 42 && { BuilderSize: 0 }),
  };
}

type Sum = { readonly bytes: number; readonly isActive: boolean; readonly reclaimable: number };

function sumsOf(usage: Partial<DiskUsage>, hasBuildCache: boolean, verbose: boolean): object {
  const { containers, images, volumes } = usage;
  return {
    ...(images && {
      ImageUsage: {
        ...sumOf(
          images.items.map(({ Size, SharedSize, Containers }) => {
            const isActive = Containers !== 0;
            return { bytes: 0, isActive, reclaimable: isActive ? 0 : Size - SharedSize };
          }),
          verbose && images.items,
        ),
        ...(images.layersBytes > 0 && { TotalSize: images.layersBytes }),
      },
    }),
    ...(containers && {
      ContainerUsage: sumOf(
        containers.map(({ State, SizeRw = 0 }) => {
          const isActive = State === "running" || State === "paused" || State === "restarting";
          return { bytes: SizeRw, isActive, reclaimable: isActive ? 0 : SizeRw };
        }),
        verbose && containers,
      ),
    }),
    ...(volumes && {
      VolumeUsage: sumOf(
        volumes.map(({ UsageData = { RefCount: 0, Size: 0 } }) => {
          const { RefCount, Size } = UsageData;
          return { bytes: Size, isActive: RefCount > 0, reclaimable: RefCount > 0 ? 0 : Size };
        }),
        verbose && volumes,
      ),
    }),
    ...(hasBuildCache && { BuildCacheUsage: {} }),
  };
}

/** Sums of 0 are left out, as Go leaves them out. */
function sumOf(sums: readonly Sum[], Items: readonly object[] | false): Record<string, unknown> {
  const total = (of: (sum: Sum) => number): number => sums.reduce((all, sum) => all + of(sum), 0);
  const counts = {
    ActiveCount: sums.filter(({ isActive }) => isActive).length,
    TotalCount: sums.length,
    Reclaimable: total(({ reclaimable }) => reclaimable),
    TotalSize: total(({ bytes }) => bytes),
  };
  return {
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)),
    ...(Items && Items.length > 0 ? { Items } : {}),
  };
}
