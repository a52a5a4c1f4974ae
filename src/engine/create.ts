// `create`: check everything first, then make the folder, the volumes and, last, the record that is the commit.
import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { InvalidParameterError, NotFoundError, errorText } from "../base/errors.ts";
import { Rollback } from "../base/rollback.ts";
import { checkName, nameTaken, randomName } from "../containers/names.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { containerSettings } from "../containers/settings.ts";
import type { VolumeRequest } from "../containers/settings/mount-points.ts";
import { hostPlatform } from "../images/image-config.ts";
import { parsePlatform, platformText, requirePlatform } from "../images/image-platform.ts";
import type { Image } from "../images/image-store.ts";
import type { CreateContainerBody, MountPoint } from "../spec/docker.ts";
import { publishContainerEvent, publishVolumeEvent } from "./engine.ts";
import { makeBindSource, requireBindSource } from "./bind-sources.ts";
import type { Engine } from "./engine.ts";
import { lookUpNetwork } from "./find-network.ts";
import { hostFacts } from "./host-facts.ts";
import { resolveOrMakeImage } from "./host-image.ts";
import { checkLinks } from "./links.ts";
import { prepareRw } from "../storage/overlay.ts";

export type CreateRequest = {
  /** Given by the user, with or without a leading slash; undefined: `adjective_noun`. */
  readonly name?: string;
  /** `os[/arch[/variant]]` that the image must be for. */
  readonly platform?: string;
  readonly body: CreateContainerBody;
};

/** Nothing is changed by a request that is refused. The container is durable when this returns (but see ContainerStore). */
export async function createContainer(
  engine: Engine,
  request: CreateRequest,
): Promise<{ readonly id: string; readonly warnings: readonly string[] }> {
  engine.cgroupLock.warmUp();
  const given = request.name ? checkName(request.name) : undefined;
  refuseTakenName(engine, given);
  const image = await imageFor(engine, request);
  const prepared = engine.standby.claim(request.body);
  const id = prepared ?? engine.host.random.hex(32);
  await using rollback = new Rollback((what, err) =>
    engine.host.log.error("undo failed", { what, container: id, error: errorText(err) }),
  );
  if (prepared !== undefined) rollback.onFailure("give standby back", () => engine.standby.giveBack(id));
  const settings = containerSettings(request.body, {
    id,
    image: image.config,
    facts: hostFacts(engine),
    findContainer: (ref) => engine.containers.lookUp(ref),
  });
  const { config, hostConfig, warnings } = settings;
  const endpoints = endpointsByName(engine, settings.endpoints);
  checkLinks(engine, hostConfig.Links);
  for (const mount of settings.mounts)
    if (settings.mustExist.has(mount.Destination)) requireBindSource(mount);

  const folder = engine.containers.folder(id);
  mkdirSync(folder, { mode: 0o700 });
  rollback.onFailure("remove container folder", () => rm(folder, { recursive: true, force: true }));
  prepareRw(folder, topLayer(engine, image));
  const madeVolumes: string[] = [];
  const mounts = settings.mounts.map((mount) =>
    prepareMount(engine, mount, settings.volumes, (name) => {
      madeVolumes.push(name);
      rollback.onFailure(`remove volume ${name}`, () => engine.volumes.remove(name, []));
    }),
  );
  // No await from here to the record: a name that is free now is free when the record takes it.
  refuseTakenName(engine, given);
  if (engine.images.get(image.id) === undefined)
    throw new NotFoundError(`No such image: ${request.body.Image ?? ""}`); // removed a moment ago
  const record: ContainerRecord = {
    id,
    name: given ?? randomName(engine.host.random, (name) => engine.containers.byName(name) !== undefined),
    createdAt: engine.host.clock.now().toISOString(),
    imageId: image.id,
    layers: image.layers,
    platform: "linux",
    config,
    hostConfig,
    mounts,
    subpaths: subpathsOf(settings.volumes),
    uncopied: [...settings.volumes].flatMap(([destination, { copy }]) => (copy ? [] : [destination])),
    endpoints,
    attachments: [],
    driver: runtimeName(engine, hostConfig.Runtime),
    state: { status: "created" },
    restartCount: 0,
    stoppedByUser: false,
  };
  engine.containers.add(record);
  engine.takeDowns.isNew(id);
  rollback.commit();
  for (const name of madeVolumes) publishVolumeEvent(engine, "create", name);
  publishContainerEvent(engine, record, "create");
  return { id, warnings: [...warnings, ...platformWarnings(image, request)] };
}

async function imageFor(engine: Engine, { body, platform }: CreateRequest): Promise<Image> {
  const wanted = platform === undefined ? undefined : parsePlatform(platform);
  const ref = body.Image ?? "";
  const image = await resolveOrMakeImage(engine, ref);
  if (wanted) requirePlatform(image, ref, wanted);
  return image;
}

/** A network may be given by its id; what is not there may be made before the start. */
function endpointsByName(
  engine: Engine,
  endpoints: ContainerRecord["endpoints"],
): ContainerRecord["endpoints"] {
  return Object.fromEntries(
    Object.entries(endpoints).map(([ref, settings]) => [lookUpNetwork(engine, ref)?.name ?? ref, settings]),
  );
}

function platformWarnings({ body }: Image, { platform }: CreateRequest): readonly string[] {
  const host = hostPlatform();
  if (platform !== undefined || body.architecture === host.architecture) return [];
  return [
    `The requested image's platform (${platformText(body)}) does not match the detected host platform (${platformText(host)}) and no specific platform was requested`,
  ];
}

/** The root folder of a container looks like that of its topmost layer. */
function topLayer(engine: Engine, image: Image): string | undefined {
  const chainID = image.layers.at(-1);
  return chainID === undefined ? undefined : engine.images.layers.diff(chainID);
}

function refuseTakenName(engine: Engine, name: string | undefined): void {
  const holder = name === undefined ? undefined : engine.containers.byName(name);
  if (name !== undefined && holder) throw nameTaken(name, holder.id);
}

/** The mount with its source on this machine: volumes are made, and the folders that `-v` names. */
function prepareMount(
  engine: Engine,
  mount: MountPoint,
  requests: ReadonlyMap<string, VolumeRequest>,
  onVolumeMade: (name: string) => void,
): MountPoint {
  makeBindSource(mount);
  if (mount.Type !== "volume") return mount;
  const name = mount.Name || engine.host.random.hex(32);
  const existed = engine.volumes.get(name) !== undefined;
  const { labels = {}, driverOptions: options } = requests.get(mount.Destination) ?? {};
  engine.volumes.ensure(name, { labels, anonymous: !mount.Name, options });
  if (!existed) onVolumeMade(name);
  return { ...mount, Name: name, Driver: "local", Source: engine.volumes.mountpoint(name) };
}

/** They are looked for at each start only, as in Docker. */
function subpathsOf(volumes: ReadonlyMap<string, VolumeRequest>): Readonly<Record<string, string>> {
  const asked = [...volumes].filter(([, { subpath }]) => subpath !== "");
  return Object.fromEntries(asked.map(([destination, { subpath }]) => [destination, subpath]));
}

function runtimeName(engine: Engine, asked: string): string {
  const driver = asked === "" ? engine.drivers[0] : engine.drivers.find(({ name }) => name === asked);
  if (!driver) throw new InvalidParameterError(`unknown or invalid runtime name: ${asked}`);
  return driver.name;
}
