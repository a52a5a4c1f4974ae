// Calls about containers, one function each. All throw ResponseError with the daemon's words.

import type {
  ContainerInspect,
  ContainerSummary,
  CreateContainerAnswer,
  CreateContainerBody,
  TopAnswer,
  UpdateContainerAnswer,
  UpdateContainerBody,
  WaitAnswer,
} from "../spec/docker.ts";
import type { Connection } from "./connection.ts";
import type { Answer, EngineClient, Query } from "./engine-client.ts";

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
): Promise<Connection> {
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
