// Networks that are there of themselves: list and inspect.
import { inspectNetwork, listNetworks } from "../engine/network-list.ts";
import type { Answer } from "./answer.ts";
import { json } from "./answer.ts";
import type { Call } from "./call.ts";
import { param } from "./call.ts";
import { filtersOf } from "./query.ts";

export function list({ engine, query }: Call): Answer {
  return json(listNetworks(engine, filtersOf(query)));
}

export function inspect(call: Call): Answer {
  return json(inspectNetwork(call.engine, param(call, "id")));
}
