// Calls about the engine itself.

import type { DiskUsageAnswer } from "../spec/docker-system.ts";
import { encodeFilters } from "./containers.ts";
import type { Answer, EngineClient } from "./engine-client.ts";

/** The answer as the daemon wrote it. */
export async function versionText(client: EngineClient): Promise<string> {
  return await client.text({ method: "GET", path: "/version" });
}

/** The answer as the daemon wrote it. */
export async function infoText(client: EngineClient): Promise<string> {
  return await client.text({ method: "GET", path: "/info" });
}

/** Answers with one event on each line, for ever when there is no `until`. */
export async function openEvents(
  client: EngineClient,
  query: {
    readonly since?: string | undefined;
    readonly until?: string | undefined;
    readonly filters: Readonly<Record<string, readonly string[]>>;
  },
): Promise<Answer> {
  const { filters, ...rest } = query;
  return await client.open({
    method: "GET",
    path: "/events",
    query: { ...rest, filters: encodeFilters(filters) },
  });
}

export async function diskUsage(client: EngineClient): Promise<DiskUsageAnswer> {
  return await client.json({ method: "GET", path: "/system/df" });
}

export async function pruneBuildCache(
  client: EngineClient,
  query: {
    readonly all: boolean;
    readonly "keep-storage"?: number;
    readonly filters: Readonly<Record<string, readonly string[]>>;
  },
): Promise<{ readonly CachesDeleted: readonly string[] | null; readonly SpaceReclaimed: number }> {
  const { filters, ...rest } = query;
  return await client.json({
    method: "POST",
    path: "/build/prune",
    query: { ...rest, filters: encodeFilters(filters) },
  });
}

/** Whether the engine's registry knows the user; throws ResponseError with its words otherwise. */
export async function checkAuth(
  client: EngineClient,
  body: { readonly username: string; readonly password: string; readonly serveraddress: string },
): Promise<{ readonly Status: string; readonly IdentityToken?: string }> {
  return await client.json({ method: "POST", path: "/auth", json: body });
}
