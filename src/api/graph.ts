// Sampan's own: the image store as it lies on the disk.
import { checkGraph, listLayers } from "../engine/graph.ts";
import type { Answer } from "./answer.ts";
import { json, jsonType, stream } from "./answer.ts";
import type { Call } from "./call.ts";
import { flagOf } from "./query.ts";

export function layers({ engine }: Call): Answer {
  return json(listLayers(engine));
}

/** A finding a line, as they come, and a summary. */
export function fsck({ engine, query }: Call): Answer {
  return stream(jsonType, lines(checkGraph(engine, flagOf(query, "repair"))), true);
}

async function* lines(values: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}
