// Calls about images, one function each. All throw ResponseError with the daemon's words.

import type { HistoryItem, ImageDeleteItem, ImageSummary } from "../spec/docker-images.ts";
import type { SearchResult } from "../spec/docker-resources.ts";
import { encodeFilters } from "./containers.ts";
import type { Answer, EngineClient, Query } from "./engine-client.ts";
import type { HandedFile } from "./handed-file.ts";

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

/** An archive for the daemon: its bytes, or a file that the daemon has been handed. */
export type Archive = { readonly bytes: AsyncIterable<Uint8Array> } | Pick<HandedFile, "ticket">;

/** Answers with progress messages. Without an archive the daemon fetches it. */
export async function importImage(
  client: EngineClient,
  query: ImportQuery,
  archive: Archive | undefined,
): Promise<Answer> {
  return await openWith(client, "/images/create", query, archive);
}

async function openWith(
  client: EngineClient,
  path: string,
  query: Query,
  archive: Archive | undefined,
): Promise<Answer> {
  if (archive === undefined) return await client.open({ method: "POST", path, query });
  if ("ticket" in archive)
    return await client.open({ method: "POST", path, query: { ...query, sampanFile: archive.ticket } });
  const headers = { "Content-Type": "application/x-tar" };
  return await client.open({ method: "POST", path, query, headers, stream: archive.bytes });
}

/** Answers with progress messages. Without a tag, `image` has its tag or digest with it, or all tags are meant. */
export async function pullImage(
  client: EngineClient,
  image: string,
  options: { readonly platform?: string | undefined; readonly auth?: string } = {},
): Promise<Answer> {
  return await client.open({
    method: "POST",
    path: "/images/create",
    query: { fromImage: image, platform: options.platform },
    ...(options.auth && { headers: { "X-Registry-Auth": options.auth } }),
  });
}

/** Answers with progress messages. */
export async function loadImages(
  client: EngineClient,
  query: { readonly quiet: boolean; readonly platform?: string | undefined },
  archive: Archive,
): Promise<Answer> {
  return await openWith(client, "/images/load", query, archive);
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

/** Answers with a tar archive of the images. */
export async function saveImages(
  client: EngineClient,
  names: readonly string[],
  platform: string | undefined,
): Promise<Answer> {
  const query = { names, platform: platform === undefined ? undefined : platformJson(platform) };
  return await client.open({ method: "GET", path: "/images/get", query });
}

/** Answers with progress messages. `auth` is the value of X-Registry-Auth. */
export async function pushImage(
  client: EngineClient,
  image: string,
  query: {
    readonly tag: string;
    readonly platform?: string | undefined;
    /** A parameter of ours, which other engines do not heed. */
    readonly compression?: string | undefined;
  },
  auth: string,
): Promise<Answer> {
  const { tag, platform, compression } = query;
  return await client.open({
    method: "POST",
    path: `${pathOf(image)}/push`,
    query: { tag, platform: platform === undefined ? undefined : platformJson(platform), compression },
    headers: { "X-Registry-Auth": auth },
  });
}

export async function searchImages(
  client: EngineClient,
  query: { readonly term: string; readonly limit?: number; readonly filters: Filters },
): Promise<readonly SearchResult[]> {
  const { filters, ...rest } = query;
  return await client.json({
    method: "GET",
    path: "/images/search",
    query: { ...rest, filters: encodeFilters(filters) },
  });
}

/** "linux/arm64/v8" as the API takes it where it wants JSON. */
export function platformJson(text: string): string {
  const [os, architecture, variant] = text.split("/");
  return JSON.stringify({ os, ...(architecture && { architecture }), ...(variant && { variant }) });
}
