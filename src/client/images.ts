// Calls about images, one function each. All throw ResponseError with the daemon's words.

import type { HistoryItem, ImageDeleteItem, ImageSummary } from "../spec/docker.ts";
import { encodeFilters } from "./containers.ts";
import type { Answer, EngineClient } from "./engine-client.ts";

type Filters = Readonly<Record<string, readonly string[]>>;

/** Slashes stay: they are part of an image's name and of the path. */
const pathOf = (image: string) =>
  `/images/${encodeURIComponent(image).replaceAll("%2F", "/").replaceAll("%3A", ":")}`;

export async function listImages(
  client: EngineClient,
  query: { readonly all: boolean; readonly digests: boolean; readonly filters: Filters },
): Promise<readonly ImageSummary[]> {
  const { filters, ...rest } = query;
  return await client.json({
    method: "GET",
    path: "/images/json",
    query: { ...rest, filters: encodeFilters(filters) },
  });
}

/** The answer as the daemon wrote it, for those who print it. */
export async function inspectImageText(
  client: EngineClient,
  image: string,
  platform?: string,
): Promise<string> {
  return await client.text({ method: "GET", path: `${pathOf(image)}/json`, query: { platform } });
}

export async function imageHistory(
  client: EngineClient,
  image: string,
  platform: string | undefined,
): Promise<readonly HistoryItem[]> {
  return await client.json({ method: "GET", path: `${pathOf(image)}/history`, query: { platform } });
}

export async function tagImage(
  client: EngineClient,
  image: string,
  repo: string,
  tag: string,
): Promise<void> {
  await client.text({ method: "POST", path: `${pathOf(image)}/tag`, query: { repo, tag } });
}

export async function removeImage(
  client: EngineClient,
  image: string,
  query: { readonly force: boolean; readonly noprune: boolean; readonly platforms?: readonly string[] },
): Promise<readonly ImageDeleteItem[]> {
  return await client.json({ method: "DELETE", path: pathOf(image), query });
}

export type ImportQuery = {
  readonly fromSrc: string;
  readonly repo?: string | undefined;
  readonly tag?: string | undefined;
  readonly message?: string | undefined;
  readonly changes?: readonly string[] | undefined;
  readonly platform?: string | undefined;
};

/** Answers with progress messages. */
export async function importImage(
  client: EngineClient,
  query: ImportQuery,
  archive: AsyncIterable<Uint8Array> | undefined,
): Promise<Answer> {
  const headers = { "Content-Type": "application/x-tar" };
  return await client.open({
    method: "POST",
    path: "/images/create",
    query,
    ...(archive && { headers, stream: archive }),
  });
}

/** Answers with progress messages; `image` has its tag or digest with it. */
export async function pullImage(
  client: EngineClient,
  image: string,
  platform: string | undefined,
): Promise<Answer> {
  return await client.open({ method: "POST", path: "/images/create", query: { fromImage: image, platform } });
}

/** Answers with progress messages. */
export async function loadImages(
  client: EngineClient,
  query: { readonly quiet: boolean; readonly platform?: string | undefined },
  archive: AsyncIterable<Uint8Array>,
): Promise<Answer> {
  const headers = { "Content-Type": "application/x-tar" };
  return await client.open({ method: "POST", path: "/images/load", query, headers, stream: archive });
}

export type PrunedImages = {
  readonly ImagesDeleted: readonly ImageDeleteItem[] | null;
  readonly SpaceReclaimed: number;
};

export async function pruneUnusedImages(client: EngineClient, filters: Filters): Promise<PrunedImages> {
  return await client.json({
    method: "POST",
    path: "/images/prune",
    query: { filters: encodeFilters(filters) },
  });
}
