// Calls about containers, one function each. All throw ResponseError with the daemon's words.

import type { ContainerExtra } from "../spec/container-extra.ts";
import type {
  ContainerInspect,
  ContainerSummary,
  CreateContainerAnswer,
  CreateContainerBody,
  FilesystemChange,
  PathStat,
  TopAnswer,
  UpdateContainerAnswer,
  UpdateContainerBody,
  WaitAnswer,
} from "../spec/docker.ts";
import { bodyText } from "./engine-client.ts";
import type { Answer, EngineClient, Query } from "./engine-client.ts";
import { ProtocolError } from "./errors.ts";
import type { RawStream } from "./transport.ts";

/** The API's filters: names with the values that match. */
type Filters = Readonly<Record<string, readonly string[]>>;

export function encodeFilters(filters: Filters): string | undefined {
  return Object.keys(filters).length === 0 ? undefined : JSON.stringify(filters);
}

const pathOf = (container: string) => `/containers/${encodeURIComponent(container)}`;

export async function createContainer(
  client: EngineClient,
  body: CreateContainerBody,
  query: { readonly name?: string; readonly platform?: string },
): Promise<CreateContainerAnswer> {
  return await client.json({ method: "POST", path: "/containers/create", query, json: body });
}

/**
 * Creates the container and starts it in the same request, attached, where the daemon knows how: a Sampan daemon. Without a
 * stream it is only created. `run`: which end the last frame of the stream tells of (spec/stdcopy.ts).
 */
export async function runContainer(
  client: EngineClient,
  body: CreateContainerBody,
  query: {
    readonly name?: string;
    readonly platform?: string;
    readonly run: "next-exit" | "removed";
    readonly stdin: boolean;
    readonly stdout: boolean;
    readonly stderr: boolean;
  },
): Promise<{ readonly created: CreateContainerAnswer; readonly stream?: RawStream }> {
  const exchange = await client.hijackOrAnswer({
    method: "POST",
    path: "/containers/create",
    query,
    json: body,
  });
  const header = exchange.head.headers.get("sampan-created");
  const text =
    header === undefined ? await bodyText(exchange.body()) : Buffer.from(header, "base64").toString("utf8");
  const created = JSON.parse(text) as CreateContainerAnswer;
  return header === undefined ? { created } : { created, stream: exchange.stream() };
}

export async function listContainers(
  client: EngineClient,
  query: {
    readonly all?: boolean;
    readonly limit?: number;
    readonly size?: boolean;
    readonly filters: Filters;
  },
): Promise<readonly ContainerSummary[]> {
  const { filters, ...rest } = query;
  return await client.json({
    method: "GET",
    path: "/containers/json",
    query: { ...rest, filters: encodeFilters(filters) },
  });
}

/** The answer as the daemon wrote it, for those who print it. */
export async function inspectContainerText(client: EngineClient, id: string, size: boolean): Promise<string> {
  return await client.text({ method: "GET", path: `${pathOf(id)}/json`, query: { size } });
}

export async function inspectContainer(client: EngineClient, id: string): Promise<ContainerInspect> {
  return await client.json({ method: "GET", path: `${pathOf(id)}/json` });
}

/** The same with what our engine knows beyond Docker's answer; another engine leaves `Sampan` out. */
export async function explainContainer(
  client: EngineClient,
  id: string,
): Promise<ContainerInspect & { readonly Sampan?: ContainerExtra }> {
  return await client.json({ method: "GET", path: `${pathOf(id)}/json`, query: { sampan: true } });
}

/** A verb without a body: start, stop, kill, restart, pause, unpause, rename, resize. */
export async function actOnContainer(
  client: EngineClient,
  id: string,
  verb: string,
  query: Query = {},
): Promise<void> {
  await client.text({ method: "POST", path: `${pathOf(id)}/${verb}`, query });
}

export async function removeContainer(
  client: EngineClient,
  id: string,
  query: { readonly force: boolean; readonly v: boolean; readonly link: boolean },
): Promise<void> {
  await client.text({ method: "DELETE", path: pathOf(id), query });
}

export async function updateContainer(
  client: EngineClient,
  id: string,
  body: UpdateContainerBody,
): Promise<UpdateContainerAnswer> {
  return await client.json({ method: "POST", path: `${pathOf(id)}/update`, json: body });
}

export async function topContainer(client: EngineClient, id: string, psArgs: string): Promise<TopAnswer> {
  const query = { ps_args: psArgs === "" ? undefined : psArgs };
  return await client.json({ method: "GET", path: `${pathOf(id)}/top`, query });
}

/** The stream of the log, open until the daemon ends it. */
export async function openLogs(client: EngineClient, id: string, query: Query): Promise<Answer> {
  return await client.open({ method: "GET", path: `${pathOf(id)}/logs`, query });
}

export type AttachQuery = {
  readonly stream: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys?: string | undefined;
};

export async function attachContainer(
  client: EngineClient,
  id: string,
  query: AttachQuery,
): Promise<RawStream> {
  return await client.hijack({ method: "POST", path: `${pathOf(id)}/attach`, query });
}

/**
 * Waits for a container. The outer promise is there when the daemon has begun to wait (it sends the head of its
 * answer at once), the inner one when the container has stopped.
 */
export async function waitContainer(
  client: EngineClient,
  id: string,
  condition?: "next-exit" | "removed",
): Promise<{ readonly answer: Promise<WaitAnswer> }> {
  const answer = await client.open({ method: "POST", path: `${pathOf(id)}/wait`, query: { condition } });
  return { answer: readWait(answer) };
}

async function readWait({ body }: Answer): Promise<WaitAnswer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return JSON.parse(Buffer.concat(pieces).toString("utf8")) as WaitAnswer;
}

export type PrunedContainers = {
  readonly ContainersDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
};

export async function pruneStoppedContainers(
  client: EngineClient,
  filters: Filters,
): Promise<PrunedContainers> {
  return await client.json({
    method: "POST",
    path: "/containers/prune",
    query: { filters: encodeFilters(filters) },
  });
}

/** One message for each reading of a container's use of resources; with `stream` false, one. */
export async function openStats(client: EngineClient, id: string, stream: boolean): Promise<Answer> {
  const query = stream ? { stream: "1" } : { stream: "0" };
  return await client.open({ method: "GET", path: `${pathOf(id)}/stats`, query });
}

export async function containerChanges(
  client: EngineClient,
  id: string,
): Promise<readonly FilesystemChange[] | null> {
  return await client.json({ method: "GET", path: `${pathOf(id)}/changes` });
}

/** Answers with a tar archive of the container's root. */
export async function exportContainer(client: EngineClient, id: string): Promise<Answer> {
  return await client.open({ method: "GET", path: `${pathOf(id)}/export` });
}

/** What is at `path` inside the container. Throws ResponseError with status 404 where there is nothing. */
export async function statPath(client: EngineClient, id: string, path: string): Promise<PathStat> {
  const answer = await client.open({ method: "HEAD", path: `${pathOf(id)}/archive`, query: { path } });
  for await (const _ of answer.body) continue;
  return pathStatOf(answer);
}

/** Answers with a tar archive of what is at `path`: one entry named like it, and all below. */
export async function openArchive(client: EngineClient, id: string, path: string): Promise<Answer> {
  return await client.open({ method: "GET", path: `${pathOf(id)}/archive`, query: { path } });
}

export async function putArchive(
  client: EngineClient,
  id: string,
  query: { readonly path: string; readonly noOverwriteDirNonDir: boolean; readonly copyUIDGID: boolean },
  archive: AsyncIterable<Uint8Array>,
): Promise<void> {
  const headers = { "Content-Type": "application/x-tar" };
  await client.text({ method: "PUT", path: `${pathOf(id)}/archive`, query, headers, stream: archive });
}

/** Throws ProtocolError when the daemon does not say. */
export function pathStatOf({ head }: Answer): PathStat {
  const encoded = head.headers.get("x-docker-container-path-stat");
  if (encoded === undefined) throw new ProtocolError("the daemon did not say what is at the path");
  return JSON.parse(Buffer.from(encoded, "base64").toString("utf8")) as PathStat;
}

/** Returns the id of the new image. */
export async function commitContainer(client: EngineClient, query: Query): Promise<{ readonly Id: string }> {
  return await client.json({ method: "POST", path: "/commit", query, json: {} });
}
