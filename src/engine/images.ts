// The verbs on images: those of the image store, told who uses what, and with their events published.
import type { Filters } from "../base/filters.ts";
import { countsAsRunning } from "../containers/view.ts";
import type { ReadOptions } from "../images/archive-contents.ts";
import type { WantedPlatform } from "../images/image-platform.ts";
import { importImage as importStored } from "../images/import.ts";
import type { ImportOptions } from "../images/import.ts";
import { loadImages as loadStored } from "../images/load.ts";
import type { LoadedImage } from "../images/load.ts";
import { imageNames } from "../images/image-summary.ts";
import { listImages as storedImages } from "../images/list.ts";
import { removeImage as removeStored } from "../images/remove.ts";
import type { ImageUse } from "../images/remove.ts";
import { archiveOf, imagesToSave, layersToSave } from "../images/save.ts";
import { tagImage as tagStored } from "../images/tag.ts";
import type { Image } from "../images/image-store.ts";
import type { ByteSource } from "../storage/byte-reader.ts";
import type { ImageDeleteItem, ImageSummary } from "../spec/docker-images.ts";
import type { Engine } from "./engine.ts";
import { holdLayers } from "./held-layers.ts";
import { layersInUse } from "./remove.ts";

export type ImageListOptions = {
  /** Steps to other images too. */
  readonly all: boolean;
  readonly sharedSize: boolean;
  readonly filters: Filters;
};

export function listImages(engine: Engine, options: ImageListOptions): ImageSummary[] {
  const counts = new Map<string, number>();
  for (const { imageId } of engine.containers.all()) counts.set(imageId, (counts.get(imageId) ?? 0) + 1);
  return storedImages(engine.images, { ...options, containers: (id) => counts.get(id) ?? 0 });
}

export function tagImage(
  engine: Engine,
  ref: string,
  target: { readonly repository: string; readonly tag?: string },
): void {
  const { image, name } = tagStored(engine.images, ref, target);
  publishImageEvent(engine, "tag", image, name);
}

/** ConflictError in Docker's words while a container needs the image. */
export async function removeImage(
  engine: Engine,
  ref: string,
  options: { readonly force: boolean; readonly noprune: boolean },
): Promise<ImageDeleteItem[]> {
  const image = engine.images.resolve(ref);
  const items = await removeStored(engine.images, ref, {
    ...options,
    usedBy: (id) => usesOf(engine, id),
    layersInUse: () => layersInUse(engine),
  });
  for (const item of items) {
    if ("Untagged" in item) publishImageEvent(engine, "untag", image, image.id);
    else if (item.Deleted === image.id) publishImageEvent(engine, "delete", image, image.id);
  }
  return items;
}

/** The signal ends the reading of the archive; what was unpacked so far is thrown away. */
export async function importImage(
  engine: Engine,
  archive: ByteSource,
  options: ImportOptions,
): Promise<Image> {
  const image = await importStored(engine.images, archive, options);
  for (const name of imageNames(engine.images, image).RepoTags) publishImageEvent(engine, "tag", image, name);
  publishImageEvent(engine, "import", image, image.id);
  return image;
}

/** Images of an archive of `docker save` or an OCI layout, in its order. */
export async function loadImages(
  engine: Engine,
  archive: ByteSource,
  options: ReadOptions,
): Promise<LoadedImage[]> {
  const hold = (chainIDs: readonly string[]): AsyncDisposable => holdLayers(engine, chainIDs);
  const loaded = await loadStored(engine.images, archive, { ...options, hold });
  for (const { image } of loaded) publishImageEvent(engine, "load", image, image.id);
  return loaded;
}

/**
 * An archive of images, to be read to its end or closed: from the first byte on their layers are held, whatever becomes of
 * the images. Nothing is held for who never asks for a byte.
 * @throws NotFoundError, InvalidParameterError, SystemError before the first byte.
 */
export async function* saveImages(
  engine: Engine,
  names: readonly string[],
  platform?: WantedPlatform,
): AsyncGenerator<Uint8Array> {
  const saved = imagesToSave(engine.images, names, platform);
  const layers = layersToSave(saved);
  for (const chainID of layers) engine.images.layers.checkArchive(chainID);
  await using _hold = holdLayers(engine, layers);
  for (const { image } of saved) publishImageEvent(engine, "save", image, image.id);
  yield* archiveOf(engine.images, saved);
}

export function usesOf(engine: Engine, imageId: string): ImageUse[] {
  return engine.containers
    .all()
    .filter((record) => record.imageId === imageId)
    .map(({ id, state }) => ({ containerId: id, running: countsAsRunning(state) }));
}

/** `name` is the reference that the event is about, or the id where it is about the image itself (as in dockerd). */
export function publishImageEvent(engine: Engine, action: string, image: Image, name: string): void {
  engine.events.publish("image", action, image.id, { ...image.config.Labels, name });
}
