// `load`: images out of an archive of `docker save` or an OCI image layout, with their ids and names as they were.
import { InvalidParameterError, NotFoundError } from "../base/errors.ts";
import { digestOf, isDigest, type Digest } from "../spec/digest.ts";
import type { ImageConfig } from "../spec/oci-image.ts";
import { familiarString, type Reference } from "../spec/reference.ts";
import type { ByteSource } from "../storage/byte-reader.ts";
import { chainIDsOf } from "../storage/chain-id.ts";
import type { StagedLayer } from "../storage/layer-store.ts";
import { readArchive, type ArchiveContents, type ReadOptions } from "./archive-contents.ts";
import { imagesIn, type ArchivedImage } from "./archive-images.ts";
import { parseImageConfig } from "./image-config.ts";
import type { Image, ImageStore } from "./image-store.ts";

export type LoadedImage = {
  readonly image: Image;
  /** The names that the archive gave it: `busybox:latest`. */
  readonly names: readonly string[];
  /** Images that lost a name to this one, by that name. */
  readonly renamed: readonly { readonly name: string; readonly from: Digest }[];
};

export type LoadOptions = ReadOptions & {
  /** Keeps layers while the archive is read, and lets go of those that nobody else has then. */
  readonly hold?: (chainIDs: readonly string[]) => Disposable | AsyncDisposable;
};

/**
 * Every layer is read once, as it comes by. All images of the archive are checked before the first of them is there.
 * @throws InvalidParameterError for an archive that is damaged, no archive of images or not for Linux.
 */
export async function loadImages(
  store: ImageStore,
  archive: ByteSource,
  { hold = (chainIDs) => store.layers.hold(chainIDs), ...options }: LoadOptions = {},
): Promise<LoadedImage[]> {
  const staged: StagedLayer[] = [];
  await using holds = new AsyncDisposableStack();
  const keep = (chainIDs: readonly string[]): void => void holds.use(hold(chainIDs));
  try {
    const contents = await readArchive(store.layers, archive, { staged, hold: keep }, options);
    const plans = imagesIn(contents).map((image) => planImage(contents, image));
    // What is committed and then has no image, since that could not be added, goes in the end.
    keep(plans.flatMap(({ chain }) => chain));
    return await store.exclusive(async () => {
      const loaded: LoadedImage[] = [];
      const supply = new LayerSupply(store, contents, plans, staged);
      for (const plan of plans) {
        await commitLayers(store, plan, supply);
        loaded.push(addImage(store, plan));
      }
      return loaded;
    });
  } finally {
    for (const layer of staged) store.layers.discard(layer);
  }
}

type Plan = {
  readonly archived: ArchivedImage;
  readonly id: Digest;
  readonly body: ImageConfig;
  /** Lowest first, one for each layer path. */
  readonly chain: readonly Digest[];
};

function planImage(contents: ArchiveContents, archived: ArchivedImage): Plan {
  const body = parseImageConfig(archived.configBytes);
  const { diff_ids: diffIDs } = body.rootfs;
  if (diffIDs.length !== archived.layerPaths.length)
    throw new InvalidParameterError(
      `invalid manifest, layers length mismatch: expected ${diffIDs.length}, got ${archived.layerPaths.length}`,
    );
  for (const [at, path] of archived.layerPaths.entries()) checkLayer(contents, path, at, diffIDs[at]);
  return { archived, id: digestOf(archived.configBytes), body, chain: chainIDsOf(diffIDs) };
}

function checkLayer(contents: ArchiveContents, path: string, at: number, expected: Digest | undefined): void {
  const found = contents.layers.get(path);
  if (found === undefined)
    throw new InvalidParameterError(`invalid archive: layer ${JSON.stringify(path)} is missing`);
  if (found.kind === "broken") throw found.err;
  const diffID = found.kind === "known" ? found.diffID : found.layer.diffID;
  if (diffID !== expected)
    throw new InvalidParameterError(
      `invalid diffID for layer ${at}: expected "${expected}", got "${diffID}"`,
    );
}

/** What the store has of the chain stays as it is; the rest is put on top of it. */
async function commitLayers(
  store: ImageStore,
  { chain, archived }: Plan,
  supply: LayerSupply,
): Promise<void> {
  const missing = chain.findIndex((chainID) => store.layers.get(chainID) === undefined);
  if (missing === -1) return;
  const layers: StagedLayer[] = [];
  for (const path of archived.layerPaths.slice(missing)) layers.push(await supply.take(path));
  await store.layers.commit(chain[missing - 1], layers);
}

function addImage(store: ImageStore, { archived }: Plan): LoadedImage {
  const { parent, references } = archived;
  const image = store.add(archived.configBytes, parent !== undefined && isDigest(parent) ? { parent } : {});
  const renamed = references.flatMap((reference) => formerHolder(store, image, reference));
  return { image: store.tag(image, references), names: references.map(familiarString), renamed };
}

function formerHolder(store: ImageStore, image: Image, reference: Reference): LoadedImage["renamed"] {
  const from = store.tags.get(reference);
  return from === undefined || from === image.id ? [] : [{ name: familiarString(reference), from }];
}

/** Hands out unpacked layers, each as often as it is needed: the same files may be at several places of several chains. */
class LayerSupply {
  readonly #store: ImageStore;
  readonly #contents: ArchiveContents;
  /** To be discarded in the end. */
  readonly #staged: StagedLayer[];
  /** How many more times a path will be asked for, at most. */
  readonly #wanted = new Map<string, number>();

  constructor(store: ImageStore, contents: ArchiveContents, plans: readonly Plan[], staged: StagedLayer[]) {
    this.#store = store;
    this.#contents = contents;
    this.#staged = staged;
    const uses = new Map(
      plans.flatMap(({ chain, archived }) =>
        chain.map((chainID, at) => [chainID, archived.layerPaths[at] ?? ""]),
      ),
    );
    for (const [chainID, path] of uses)
      if (store.layers.get(chainID) === undefined) this.#wanted.set(path, (this.#wanted.get(path) ?? 0) + 1);
  }

  async take(path: string): Promise<StagedLayer> {
    const found = this.#contents.layers.get(path);
    const left = this.#wanted.get(path) ?? 1;
    this.#wanted.set(path, left - 1);
    if (found?.kind === "staged" && left <= 1) return found.layer;
    const copy =
      found?.kind === "staged"
        ? await this.#store.layers.duplicate(found.layer)
        : await this.#copyKnown(path);
    this.#staged.push(copy);
    return copy;
  }

  /** The store has these files above other layers. */
  async #copyKnown(path: string): Promise<StagedLayer> {
    const found = this.#contents.layers.get(path);
    const diffID = found?.kind === "known" ? found.diffID : undefined;
    const record = this.#store.layers.all().find((layer) => layer.diffID === diffID);
    if (record === undefined) throw new NotFoundError(`layer ${diffID ?? path} was removed meanwhile`);
    return await this.#store.layers.copy(record);
  }
}
