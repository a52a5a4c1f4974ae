// Calls about the engine itself.

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
