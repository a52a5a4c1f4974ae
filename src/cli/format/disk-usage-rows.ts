// What the engine takes on disk, as the lines of `system df`.

import type { BuildCacheItem, VolumeBody } from "../../spec/docker-resources.ts";
import type { ContainerSummary } from "../../spec/docker.ts";
import type { DiskUsageAnswer } from "../../spec/docker-system.ts";
import { Row } from "../template/values.ts";
import type { Listing } from "./listing.ts";
import { ago, humanSize, shortID } from "./words.ts";

export const diskUsageListing: Listing = {
  table: "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
  quiet: "",
  headers: {
    Active: "ACTIVE",
    Reclaimable: "RECLAIMABLE",
    Size: "SIZE",
    TotalCount: "TOTAL",
    Type: "TYPE",
  },
};

export function diskUsageRows(usage: DiskUsageAnswer): readonly Row[] {
  const images = usage.Images ?? [];
  const usedByImages = images
    .filter(({ Containers, Size, SharedSize }) => Containers !== 0 && Size !== -1 && SharedSize !== -1)
    .reduce((sum, { Size, SharedSize }) => sum + Size - SharedSize, 0);
  const containers = usage.Containers ?? [];
  const volumes = usage.Volumes ?? [];
  const cache = usage.BuildCache ?? [];
  const ownCache = cache.filter(({ Shared }) => !Shared);
  return [
    kindRow("Images", {
      total: images.length,
      active: images.filter(({ Containers }) => Containers > 0).length,
      bytes: usage.LayersSize,
      reclaimable: usage.LayersSize - usedByImages,
    }),
    kindRow("Containers", {
      total: containers.length,
      active: containers.filter(isActive).length,
      bytes: containers.reduce((sum, { SizeRw = 0 }) => sum + SizeRw, 0),
      reclaimable: containers
        .filter((container) => !isActive(container))
        .reduce((sum, { SizeRw = 0 }) => sum + SizeRw, 0),
    }),
    kindRow("Local Volumes", {
      total: volumes.length,
      active: volumes.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) > 0).length,
      bytes: volumes.reduce((sum, volume) => sum + volumeBytes(volume), 0),
      reclaimable: volumes
        .filter(({ UsageData }) => UsageData?.RefCount === 0)
        .reduce((sum, volume) => sum + volumeBytes(volume), 0),
    }),
    kindRow("Build Cache", {
      total: cache.length,
      active: cache.filter(({ InUse }) => InUse).length,
      bytes: ownCache.reduce((sum, { Size }) => sum + Size, 0),
      reclaimable: ownCache.filter(({ InUse }) => !InUse).reduce((sum, { Size }) => sum + Size, 0),
      withoutShare: true,
    }),
  ];
}

type Kind = {
  readonly total: number;
  readonly active: number;
  readonly bytes: number;
  readonly reclaimable: number;
  readonly withoutShare?: true;
};

function kindRow(name: string, { total, active, bytes, reclaimable, withoutShare }: Kind): Row {
  const share = bytes > 0 && !withoutShare ? ` (${Math.trunc((reclaimable * 100) / bytes)}%)` : "";
  return new Row(`formatter.diskUsage${name.replaceAll(" ", "")}Context`, {
    Type: () => name,
    TotalCount: () => String(total),
    Active: () => String(active),
    Size: () => humanSize(bytes, 4),
    Reclaimable: () => humanSize(reclaimable, 4) + share,
  });
}

function isActive({ State }: ContainerSummary): boolean {
  return ["running", "paused", "restarting"].includes(State);
}

function volumeBytes({ UsageData }: VolumeBody): number {
  return Math.max(UsageData?.Size ?? 0, 0);
}

export const buildCacheListing: Listing = {
  table:
    "{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}",
  quiet: "",
  headers: {
    CacheType: "CACHE TYPE",
    CreatedSince: "CREATED",
    ID: "CACHE ID",
    LastUsedSince: "LAST USED",
    Shared: "SHARED",
    Size: "SIZE",
    UsageCount: "USAGE",
  },
};

export function buildCacheRow(
  item: BuildCacheItem,
  { truncate, nowMs }: { readonly truncate: boolean; readonly nowMs: number },
): Row {
  const since = (time: string | null) => (time === null ? "" : ago(Date.parse(time) / 1000, nowMs));
  return new Row("formatter.buildCacheContext", {
    ID: () => `${truncate ? shortID(item.ID) : item.ID}${item.InUse ? "*" : ""}`,
    CacheType: () => item.Type,
    Size: () => humanSize(item.Size),
    CreatedSince: () => since(item.CreatedAt),
    LastUsedSince: () => since(item.LastUsedAt),
    UsageCount: () => String(item.UsageCount),
    InUse: () => String(item.InUse),
    Shared: () => String(item.Shared),
  });
}
