// Networks and who is on them.
import { connectNetwork, disconnectNetwork } from "../engine/connect-network.ts";
import { createNetwork, pruneNetworks, removeNetwork } from "../engine/manage-networks.ts";
import { inspectNetwork, listNetworks } from "../engine/network-list.ts";
import type { Answer } from "./answer.ts";
import { empty, json } from "./answer.ts";
import { forVersion, networkInspectByVersion, networkSummaryByVersion } from "./answers-by-version.ts";
import { connectNetworkBody, createNetworkBody, disconnectNetworkBody } from "./bodies.ts";
import type { Call } from "./call.ts";
import { jsonBody, param } from "./call.ts";
import { filtersOf } from "./query.ts";

export function list({ engine, query, version }: Call): Answer {
  const rows = listNetworks(engine, filtersOf(query));
  return json(rows.map((row) => forVersion(row, networkSummaryByVersion, version)));
}

export function inspect(call: Call): Answer {
  const network = inspectNetwork(call.engine, param(call, "id"));
  return json(forVersion(network, networkInspectByVersion, call.version));
}

/** Before 1.48 every network had IPv4. */
export async function create(call: Call): Promise<Answer> {
  const body = await jsonBody(call, createNetworkBody);
  const { EnableIPv4: _ignored, ...older } = body;
  const { id } = await createNetwork(call.engine, call.version < 48 ? older : body);
  return json({ Id: id, Warning: "" }, 201);
}

export async function remove(call: Call): Promise<Answer> {
  await removeNetwork(call.engine, param(call, "id"));
  return empty();
}

export async function prune({ engine, query }: Call): Promise<Answer> {
  const names = await pruneNetworks(engine, filtersOf(query));
  return json({ NetworksDeleted: names.length > 0 ? names : null });
}

export async function connect(call: Call): Promise<Answer> {
  const { Container = "", EndpointConfig } = await jsonBody(call, connectNetworkBody);
  await connectNetwork(call.engine, param(call, "id"), Container, EndpointConfig ?? {});
  return empty(200);
}

export async function disconnect(call: Call): Promise<Answer> {
  const { Container = "", Force = false } = await jsonBody(call, disconnectNetworkBody);
  await disconnectNetwork(call.engine, param(call, "id"), Container, { force: Force });
  return empty(200);
}
