// `rmi`: takes away a name, and with the last one the image. Rules and words are dockerd's:
//
//   by name          that name goes; the image goes with its last name. A container of it keeps the last name, unless forced
//   by id            all names go if they are of one repository; more need force
//   never            an image that others were built on or that runs; forced or not
//   stopped use      keeps an image unless forced; its layers stay as long as a container has them
//   parents          without a name, other children and containers go too, unless `noprune`
import { ConflictError } from "../base/errors.ts";
import type { ImageDeleteItem } from "../spec/docker-images.ts";
import { shortId, type Digest } from "../spec/digest.ts";
import {
  familiarName,
  familiarString,
  parseReference,
  withDefaultTag,
  type Reference,
} from "../spec/reference.ts";
import { isId, type Image, type ImageStore } from "./image-store.ts";

export type ImageUse = { readonly containerId: string; readonly running: boolean };

export type RemoveOptions = {
  readonly force?: boolean;
  /** Leave the images that this one was built on. */
  readonly noprune?: boolean;
  /** The containers made of an image, by its id. */
  readonly usedBy: (imageId: string) => readonly ImageUse[];
  /** Chain ids of all containers' layers: those stay. Asked for when layers are about to go. */
  readonly layersInUse: () => Iterable<string>;
};

type Conflict = { readonly text: string; readonly hard: boolean; readonly used: boolean };

/**
 * What was untagged and deleted, in order. The image's files are deleted in the background.
 * @throws NotFoundError, ConflictError.
 */
export async function removeImage(
  store: ImageStore,
  ref: string,
  options: RemoveOptions,
): Promise<ImageDeleteItem[]> {
  // What is said of containers is true until the next await: there is none inside.
  return await store.exclusive(async () => remove(store, ref, options));
}

function remove(store: ImageStore, ref: string, options: RemoveOptions): ImageDeleteItem[] {
  const image = store.resolve(ref);
  const { force = false } = options;
  const references = store.tags.of(image.id);
  const items: ImageDeleteItem[] = [];
  if (isIdOf(image, ref, store)) {
    if (isOneRepository(references)) {
      const conflict = findConflict(store, image.id, options, { force, ignoreNames: true });
      if (conflict !== undefined) throw conflictError(image.id, conflict);
      untag(store, references, items);
    }
    removeWhole(store, image.id, options, items, { force, quiet: false });
    return items;
  }
  const { reference } = parseReference(ref);
  const named = reference === undefined ? undefined : withDefaultTag(reference);
  const [user] = options.usedBy(image.id);
  if (!force && user !== undefined && isOneRepository(references))
    throw new ConflictError(
      `conflict: unable to remove repository reference "${ref}" (must force) - container ${shortId(user.containerId)}` +
        ` is using its referenced image ${shortId(image.id)}`,
    );
  if (named !== undefined) untag(store, [named, ...lonelyDigests(references, named)], items);
  if (store.tags.of(image.id).length === 0)
    removeWhole(store, image.id, options, items, { force, quiet: true });
  return items;
}

/** Whether the caller named the image by its id: a name that looks like an id is a name first. */
function isIdOf(image: Image, ref: string, store: ImageStore): boolean {
  const { reference } = parseReference(ref);
  const isName = reference !== undefined && store.tags.get(withDefaultTag(reference)) !== undefined;
  return isId(ref) && !isName && image.id.startsWith(ref.startsWith("sha256:") ? ref : `sha256:${ref}`);
}

/** The digests of a repository that has no tag left after this one. */
function lonelyDigests(references: readonly Reference[], removed: Reference): Reference[] {
  if (removed.digest !== undefined) return [];
  const same = references.filter((other) => familiarName(other) === familiarName(removed));
  const hasOtherTag = same.some(({ tag }) => tag !== undefined && tag !== removed.tag);
  return hasOtherTag ? [] : same.filter(({ digest }) => digest !== undefined);
}

/** At most one tag, and digests of the same repository only. */
function isOneRepository(references: readonly Reference[]): boolean {
  const tags = references.filter(({ tag }) => tag !== undefined);
  const names = new Set(references.map(familiarName));
  return tags.length <= 1 && names.size <= 1;
}

function untag(store: ImageStore, references: readonly Reference[], items: ImageDeleteItem[]): void {
  if (references.length === 0) return;
  store.tags.delete(references);
  for (const reference of references) items.push({ Untagged: familiarString(reference) });
}

type Manner = {
  readonly force: boolean;
  /** A conflict is no error: a name was asked for and taken away, the image may stay. */
  readonly quiet: boolean;
};

function removeWhole(
  store: ImageStore,
  id: Digest,
  options: RemoveOptions,
  items: ImageDeleteItem[],
  { force, quiet }: Manner,
): void {
  const conflict = findConflict(store, id, options, { force, ignoreNames: false });
  if (conflict !== undefined) {
    const isDangling = store.tags.of(id).length === 0 && store.children(id).length === 0;
    if (quiet && (!isDangling || conflict.used)) return;
    throw conflictError(id, conflict);
  }
  const image = store.get(id);
  if (image === undefined) return;
  untag(store, store.tags.of(id), items);
  store.delete(id);
  items.push({ Deleted: id });
  for (const chainID of removeUnusedLayers(store, options.layersInUse(), image.layers.toReversed()))
    items.push({ Deleted: chainID });
  if (image.parent !== undefined && options.noprune !== true)
    removeWhole(store, image.parent, options, items, { force: false, quiet: true });
}

function findConflict(
  store: ImageStore,
  id: Digest,
  { usedBy }: RemoveOptions,
  { force, ignoreNames }: { readonly force: boolean; readonly ignoreNames: boolean },
): Conflict | undefined {
  if (store.children(id).length > 0)
    return { text: "image has dependent child images", hard: true, used: false };
  const users = usedBy(id);
  const running = users.find((user) => user.running);
  if (running !== undefined) {
    const text = `image is being used by running container ${shortId(running.containerId)}`;
    return { text, hard: true, used: true };
  }
  if (force) return undefined;
  if (!ignoreNames && store.tags.of(id).length > 0)
    return { text: "image is referenced in multiple repositories", hard: false, used: false };
  const [stopped] = users;
  if (stopped === undefined) return undefined;
  const text = `image is being used by stopped container ${shortId(stopped.containerId)}`;
  return { text, hard: false, used: true };
}

function conflictError(id: Digest, { text, hard }: Conflict): ConflictError {
  const force = hard ? "cannot be forced" : "must be forced";
  return new ConflictError(`conflict: unable to delete ${shortId(id)} (${force}) - ${text}`);
}

/**
 * Removes those of `candidates` (all layers, if not given) that no image and no container has: what a removed image left
 * for its containers goes with the last of these, and what a crash left goes at the next start.
 * @returns their chain ids.
 */
export async function sweepLayers(
  store: ImageStore,
  layersInUse: () => Iterable<string>,
  candidates?: readonly string[],
): Promise<string[]> {
  return await store.exclusive(async () =>
    removeUnusedLayers(store, layersInUse(), candidates ?? store.layers.all().map(({ chainID }) => chainID)),
  );
}

function removeUnusedLayers(
  store: ImageStore,
  layersInUse: Iterable<string>,
  candidates: readonly string[],
): string[] {
  const used = new Set([...store.layersInUse(), ...store.layers.held(), ...layersInUse]);
  const doomed = candidates.filter((chainID) => !used.has(chainID));
  store.layers.remove(doomed);
  if (doomed.length > 0) {
    const left = new Set(store.layers.all().map(({ diffID }) => diffID));
    store.blobs.sweep((diffID) => left.has(diffID));
  }
  return doomed;
}
