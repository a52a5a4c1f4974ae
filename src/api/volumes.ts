// Volumes of the local driver.
import {
  createVolume,
  inspectVolume,
  listVolumes,
  pruneVolumes,
  removeVolume,
} from "../engine/manage-volumes.ts";
import type { Answer } from "./answer.ts";
import { empty, json } from "./answer.ts";
import { createVolumeBody } from "./bodies.ts";
import type { Call } from "./call.ts";
import { jsonBody, param } from "./call.ts";
import { filtersOf, flagOf } from "./query.ts";

export function list({ engine, query }: Call): Answer {
  return json({ Volumes: listVolumes(engine, filtersOf(query)), Warnings: null });
}

export async function create(call: Call): Promise<Answer> {
  return json(createVolume(call.engine, await jsonBody(call, createVolumeBody)), 201);
}

export function inspect(call: Call): Answer {
  return json(inspectVolume(call.engine, param(call, "name")));
}

export function remove(call: Call): Answer {
  removeVolume(call.engine, param(call, "name"), { force: flagOf(call.query, "force") });
  return empty();
}

/** Named volumes are spared unless asked for since 1.42. */
export async function prune({ engine, query, version }: Call): Promise<Answer> {
  return json(await pruneVolumes(engine, filtersOf(query), version >= 42));
}
