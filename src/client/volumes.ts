// Calls about volumes, one function each. All throw ResponseError with the daemon's words.

import type { CreateVolumeBody, VolumeBody } from "../spec/docker-resources.ts";
import { encodeFilters } from "./containers.ts";
import type { EngineClient } from "./engine-client.ts";

type Filters = Readonly<Record<string, readonly string[]>>;

const pathOf = (volume: string) => `/volumes/${encodeURIComponent(volume)}`;

export type VolumeList = {
  readonly Volumes: readonly VolumeBody[] | null;
  readonly Warnings: readonly string[] | null;
};

export async function listVolumes(client: EngineClient, filters: Filters): Promise<VolumeList> {
  return await client.json({ method: "GET", path: "/volumes", query: { filters: encodeFilters(filters) } });
}

export async function createVolume(
  client: EngineClient,
  body: Partial<CreateVolumeBody>,
): Promise<VolumeBody> {
  return await client.json({ method: "POST", path: "/volumes/create", json: body });
}

/** The answer as the daemon wrote it, for those who print it. */
export async function inspectVolumeText(client: EngineClient, volume: string): Promise<string> {
  return await client.text({ method: "GET", path: pathOf(volume) });
}

export async function removeVolume(client: EngineClient, volume: string, force: boolean): Promise<void> {
  await client.text({ method: "DELETE", path: pathOf(volume), query: { force } });
}

export type PrunedVolumes = {
  readonly VolumesDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
};

export async function pruneUnusedVolumes(client: EngineClient, filters: Filters): Promise<PrunedVolumes> {
  return await client.json({
    method: "POST",
    path: "/volumes/prune",
    query: { filters: encodeFilters(filters) },
  });
}
