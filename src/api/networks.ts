// Networks that are there of themselves: list and inspect.
import { findNetwork, listNetworks } from "../engine/networks.ts";
import { matchesExactly, matchesPrefix } from "../base/filters.ts";
import type { Answer } from "./answer.ts";
import { json } from "./answer.ts";
import type { Call } from "./call.ts";
import { param } from "./call.ts";
import { filtersOf } from "./query.ts";

export function list({ engine, query }: Call): Answer {
  const filters = filtersOf(query);
  const rows = listNetworks(engine).filter(
    ({ Name, Id, Driver, Scope }) =>
      matchesPrefix(filters, "name", Name) &&
      matchesPrefix(filters, "id", Id) &&
      matchesExactly(filters, "driver", Driver) &&
      matchesExactly(filters, "scope", Scope) &&
      matchesExactly(filters, "type", "builtin"),
  );
  return json(rows);
}

export function inspect(call: Call): Answer {
  return json(findNetwork(call.engine, param(call, "id")));
}
