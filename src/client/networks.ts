// Calls about networks, one function each. All throw ResponseError with the daemon's words.

import type { EndpointSettings } from "../spec/docker.ts";
import type { CreateNetworkBody, NetworkInspect } from "../spec/docker-resources.ts";
import { encodeFilters } from "./containers.ts";
import type { EngineClient } from "./engine-client.ts";

type Filters = Readonly<Record<string, readonly string[]>>;

const pathOf = (network: string) => `/networks/${encodeURIComponent(network)}`;

export async function listNetworks(
  client: EngineClient,
  filters: Filters,
): Promise<readonly NetworkInspect[]> {
  return await client.json({ method: "GET", path: "/networks", query: { filters: encodeFilters(filters) } });
}

export async function createNetwork(
  client: EngineClient,
  body: CreateNetworkBody,
): Promise<{ readonly Id: string; readonly Warning?: string }> {
  return await client.json({ method: "POST", path: "/networks/create", json: body });
}

/** The answer as the daemon wrote it, for those who print it. */
export async function inspectNetworkText(
  client: EngineClient,
  network: string,
  verbose = false,
): Promise<string> {
  return await client.text({ method: "GET", path: pathOf(network), query: { verbose } });
}

export async function removeNetwork(client: EngineClient, network: string): Promise<void> {
  await client.text({ method: "DELETE", path: pathOf(network) });
}

export async function connectNetwork(
  client: EngineClient,
  network: string,
  body: { readonly Container: string; readonly EndpointConfig: Partial<EndpointSettings> },
): Promise<void> {
  await client.text({ method: "POST", path: `${pathOf(network)}/connect`, json: body });
}

export async function disconnectNetwork(
  client: EngineClient,
  network: string,
  body: { readonly Container: string; readonly Force: boolean },
): Promise<void> {
  await client.text({ method: "POST", path: `${pathOf(network)}/disconnect`, json: body });
}

export async function pruneUnusedNetworks(
  client: EngineClient,
  filters: Filters,
): Promise<{ readonly NetworksDeleted: readonly string[] | null }> {
  return await client.json({
    method: "POST",
    path: "/networks/prune",
    query: { filters: encodeFilters(filters) },
  });
}
