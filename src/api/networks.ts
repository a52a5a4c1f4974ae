// Networks that are there of themselves: list and inspect.
import { inspectNetwork, listNetworks } from "../engine/network-list.ts";
import type { Answer } from "./answer.ts";
import { json } from "./answer.ts";
import { forVersion, networkInspectByVersion, networkSummaryByVersion } from "./answers-by-version.ts";
import type { Call } from "./call.ts";
import { param } from "./call.ts";
import { filtersOf } from "./query.ts";

export function list({ engine, query, version }: Call): Answer {
  const rows = listNetworks(engine, filtersOf(query));
  return json(rows.map((row) => forVersion(row, networkSummaryByVersion, version)));
}

export function inspect(call: Call): Answer {
  const network = inspectNetwork(call.engine, param(call, "id"));
  return json(forVersion(network, networkInspectByVersion, call.version));
}
