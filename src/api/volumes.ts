// Local volumes: list, create, inspect, remove.
import * as v from "valibot";
import { InvalidParameterError, NotFoundError } from "../base/errors.ts";
import { volumeUsers } from "../engine/remove.ts";
import type { VolumeBody } from "../spec/docker.ts";
import type { Volume } from "../volumes/volume-store.ts";
import { matchesLabels, matchesPrefix } from "../base/filters.ts";
import type { Answer } from "./answer.ts";
import { empty, json } from "./answer.ts";
import type { Call } from "./call.ts";
import { bodyOf, param } from "./call.ts";
import { filtersOf } from "./query.ts";

const createBody = v.object({
  Name: v.optional(v.string()),
  Driver: v.optional(v.string()),
  DriverOpts: v.optional(v.record(v.string(), v.string())),
  Labels: v.optional(v.record(v.string(), v.string())),
});

export function list({ engine, query }: Call): Answer {
  const filters = filtersOf(query);
  const unusedOnly = filters.get("dangling")?.some((value) => value === "true" || value === "1") ?? false;
  const volumes = engine.volumes
    .all()
    .filter(({ name, labels }) => matchesPrefix(filters, "name", name) && matchesLabels(filters, labels))
    .filter(({ name }) => !unusedOnly || volumeUsers(engine, name).length === 0);
  return json({ Volumes: volumes.map((volume) => bodyOfVolume(engine, volume)), Warnings: null });
}

export async function create(call: Call): Promise<Answer> {
  const { Name = "", Driver = "", DriverOpts = {}, Labels = {} } = await bodyOf(call, createBody);
  if (Driver !== "" && Driver !== "local")
    throw new NotFoundError(
      `create ${Name}: error looking up volume plugin ${Driver}: plugin "${Driver}" not found`,
    );
  const [option] = Object.keys(DriverOpts);
  if (option !== undefined) throw new InvalidParameterError(`create ${Name}: invalid option: "${option}"`);
  const { engine } = call;
  const name = Name === "" ? engine.host.random.hex(32) : Name;
  const volume = engine.volumes.ensure(name, { labels: Labels, anonymous: Name === "" });
  engine.events.publish("volume", "create", name, { driver: "local" });
  return json(bodyOfVolume(engine, volume), 201);
}

export function inspect(call: Call): Answer {
  const name = param(call, "name");
  const volume = call.engine.volumes.get(name);
  if (!volume) throw new NotFoundError(`get ${name}: no such volume`);
  return json(bodyOfVolume(call.engine, volume));
}

export function remove(call: Call): Answer {
  const { engine } = call;
  const name = param(call, "name");
  engine.volumes.remove(name, volumeUsers(engine, name));
  engine.events.publish("volume", "destroy", name, { driver: "local" });
  return empty();
}

function bodyOfVolume(engine: Call["engine"], volume: Volume): VolumeBody {
  return {
    Name: volume.name,
    Driver: "local",
    Mountpoint: engine.volumes.mountpoint(volume.name),
    CreatedAt: volume.createdAt,
    Labels: volume.anonymous ? { "com.docker.volume.anonymous": "", ...volume.labels } : volume.labels,
    Scope: "local",
    Options: null,
  };
}
