// `volume create`, `ls`, `inspect`, `rm` and `prune`.
import { InvalidParameterError, NotFoundError } from "../base/errors.ts";
import {
  booleanFilter,
  checkFilterKeys,
  lacksLabels,
  matchesExactly,
  matchesLabels,
  matchesPattern,
} from "../base/filters.ts";
import type { Filters } from "../base/filters.ts";
import type { CreateVolumeBody, VolumeBody } from "../spec/docker-resources.ts";
import type { Volume } from "../volumes/volume-store.ts";
import { treeSize } from "./container-size.ts";
import { publishVolumeEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { volumeUsers } from "./remove.ts";

const listKeys: ReadonlySet<string> = new Set(["dangling", "driver", "label", "name"]);
const pruneKeys: ReadonlySet<string> = new Set(["all", "label", "label!"]);

export function createVolume(engine: Engine, body: CreateVolumeBody): VolumeBody {
  const { Name = "", Driver = "", DriverOpts = {}, Labels = {} } = body;
  if (Driver !== "" && Driver !== "local")
    throw new NotFoundError(`error looking up volume plugin ${Driver}: plugin "${Driver}" not found`);
  const name = Name || engine.host.random.hex(32);
  const isNew = engine.volumes.get(name) === undefined;
  const volume = engine.volumes.ensure(name, {
    labels: Labels,
    anonymous: Name === "",
    options: DriverOpts,
  });
  if (isNew) publishVolumeEvent(engine, "create", name);
  return volumeBody(engine, volume);
}

export function listVolumes(engine: Engine, filters: Filters): VolumeBody[] {
  checkFilterKeys(filters, listKeys);
  const dangling = filters.has("dangling") ? booleanFilter(filters, "dangling", false) : undefined;
  return engine.volumes
    .all()
    .filter(
      ({ name, labels }) =>
        matchesExactly(filters, "driver", "local") &&
        matchesPattern(filters, "name", name) &&
        matchesLabels(filters, "label", labels) &&
        (dangling === undefined || dangling === (volumeUsers(engine, name).length === 0)),
    )
    .map((volume) => volumeBody(engine, volume));
}

export function inspectVolume(engine: Engine, name: string): VolumeBody {
  const volume = engine.volumes.get(name);
  if (!volume) throw new NotFoundError(`get ${name}: no such volume`);
  return volumeBody(engine, volume);
}

/** ConflictError while a container has it, running or not. With `force`, one that is not there is no error. */
export function removeVolume(engine: Engine, name: string, options: { readonly force: boolean }): void {
  const volume = engine.volumes.get(name);
  if (!volume && options.force) return;
  engine.volumes.remove(name, volumeUsers(engine, name));
  engine.volumeMounts.forget(name);
  if (volume) publishVolumeEvent(engine, "destroy", name);
}

/** Go's strconv.ParseBool, which is wider than what other filters take for a boolean. */
function allFilter(filters: Filters): boolean | undefined {
  const values = filters.get("all") ?? [];
  const [value] = values;
  if (values.length > 1)
    throw new InvalidParameterError(`invalid filter 'all=[${values.join(" ")}]': only one value is expected`);
  if (value === undefined) return undefined;
  if (/^(1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw new InvalidParameterError(
    `invalid filter 'all': strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
  );
}

/** Volumes that no container has: anonymous ones, and with the filter `all` (or `anonymousOnly` false) named ones too. */
export async function pruneVolumes(
  engine: Engine,
  filters: Filters,
  anonymousOnly: boolean,
): Promise<{ readonly VolumesDeleted: readonly string[]; readonly SpaceReclaimed: number }> {
  checkFilterKeys(filters, pruneKeys);
  const namedToo = allFilter(filters) ?? !anonymousOnly;
  const VolumesDeleted: string[] = [];
  let SpaceReclaimed = 0;
  for (const { name, anonymous, labels, options } of engine.volumes.all()) {
    const isWanted =
      (anonymous || namedToo) &&
      matchesLabels(filters, "label", labels) &&
      lacksLabels(filters, "label!", labels);
    if (!isWanted || volumeUsers(engine, name).length > 0) continue;
    const size = options === undefined ? await treeSize(engine.volumes.mountpoint(name)) : 0;
    // A container may have taken it while it was counted, or somebody removed it.
    if (volumeUsers(engine, name).length > 0 || !engine.volumes.get(name)) continue;
    removeVolume(engine, name, { force: true });
    VolumesDeleted.push(name);
    SpaceReclaimed += size;
  }
  engine.events.publish("volume", "prune", "", { reclaimed: String(SpaceReclaimed) });
  return { VolumesDeleted, SpaceReclaimed };
}

/**
 * Every volume with who uses it and how much it holds: all files are looked at. Those with something mounted in their place
 * are left out, as in Docker: it may be another machine's.
 */
export function volumesWithUsage(engine: Engine): Promise<VolumeBody[]> {
  const own = engine.volumes.all().filter(({ options }) => options === undefined);
  return Promise.all(own.map((volume) => withUsage(engine, volume)));
}

async function withUsage(engine: Engine, volume: Volume): Promise<VolumeBody> {
  const RefCount = volumeUsers(engine, volume.name).length;
  const Size = await treeSize(engine.volumes.mountpoint(volume.name));
  return { ...volumeBody(engine, volume), UsageData: { RefCount, Size } };
}

/** The label by which clients tell volumes that nobody named. */
const anonymousLabel = { "com.docker.volume.anonymous": "" };

function volumeBody(engine: Engine, volume: Volume): VolumeBody {
  const { name, createdAt, anonymous, options = null } = volume;
  const labels = anonymous ? { ...anonymousLabel, ...volume.labels } : volume.labels;
  // In Docker's order: `volume inspect` prints what it gets.
  return {
    CreatedAt: createdAt,
    Driver: "local",
    Labels: Object.keys(labels).length > 0 ? labels : null,
    Mountpoint: engine.volumes.mountpoint(name),
    Name: name,
    Options: options,
    Scope: "local",
  };
}
