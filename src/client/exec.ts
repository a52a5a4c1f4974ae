// Calls about commands that run in a container beside its program.

import type { ExecCreateBody, ExecInspect, ExecStartBody } from "../spec/docker.ts";
import { bodyText } from "./engine-client.ts";
import type { EngineClient } from "./engine-client.ts";
import type { RawStream } from "./transport.ts";

/** Returns the id of the command, which is not started yet. */
export async function createExec(
  client: EngineClient,
  container: string,
  body: ExecCreateBody,
): Promise<string> {
  const path = `/containers/${encodeURIComponent(container)}/exec`;
  return (await client.json<{ readonly Id: string }>({ method: "POST", path, json: body })).Id;
}

/**
 * Makes the command, and starts it in the same round trip where the daemon knows how: a Sampan daemon. Without a stream it is
 * still to be started.
 */
export async function createAndStartExec(
  client: EngineClient,
  container: string,
  body: ExecCreateBody,
): Promise<{ readonly id: string; readonly stream?: RawStream }> {
  const path = `/containers/${encodeURIComponent(container)}/exec`;
  const exchange = await client.hijackOrAnswer({ method: "POST", path, query: { start: true }, json: body });
  const id = exchange.head.headers.get("sampan-exec");
  if (id !== undefined) return { id, stream: exchange.stream() };
  return { id: (JSON.parse(await bodyText(exchange.body())) as { readonly Id: string }).Id };
}

export async function startExec(client: EngineClient, id: string, body: ExecStartBody): Promise<RawStream> {
  return await client.hijack({ method: "POST", path: `/exec/${id}/start`, json: body });
}

export async function startDetachedExec(client: EngineClient, id: string, tty: boolean): Promise<void> {
  await client.text({ method: "POST", path: `/exec/${id}/start`, json: { Detach: true, Tty: tty } });
}

export async function resizeExec(
  client: EngineClient,
  id: string,
  rows: number,
  columns: number,
): Promise<void> {
  await client.text({ method: "POST", path: `/exec/${id}/resize`, query: { h: rows, w: columns } });
}

/** With `wait`, a Sampan daemon answers when the program has ended; others answer at once. */
export async function inspectExec(client: EngineClient, id: string, wait = false): Promise<ExecInspect> {
  return await client.json({ method: "GET", path: `/exec/${id}/json`, query: wait ? { wait: 1 } : {} });
}
