// The images of this machine: which there are, what they hold, what they are called. The parts:
//
//   images/<64 hex digits>.json   ImageRecord: what is known of an image that its config does not say
//   content/sha256/<hex>          the config; its digest is the image's id; the manifests under which registries know it
//   graph/<hex>/                  the layers (storage/layer-store.ts)
//   repositories                  the names (tag-store.ts)
//
// An image exists when its record does: everything it needs is durable before. Verbs are functions in the files beside.
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { crashPoint } from "../base/crash-point.ts";
import { syncFolder, writeFileDurable } from "../base/durable-file.ts";
import { errorText, InvalidParameterError, NotFoundError, SystemError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { KeyedLock } from "../base/keyed-lock.ts";
import { digestHex, digestOfHex, isDigest, type Digest } from "../spec/digest.ts";
import type { ImageConfig, ImageRunConfig } from "../spec/oci-image.ts";
import { familiarString, parseReference, withDefaultTag, type Reference } from "../spec/reference.ts";
import { chainIDsOf } from "../storage/chain-id.ts";
import {
  deleteBlob,
  openContentStore,
  putBlob,
  readBlob,
  sweepBlobs,
  type ContentStore,
} from "../storage/content-store.ts";
import { IngestStore } from "../storage/ingest.ts";
import { LayerStore } from "../storage/layer-store.ts";
import { parseImageConfig } from "./image-config.ts";
import { LayerBlobs } from "./layer-blobs.ts";
import { TagStore } from "./tag-store.ts";

export type ImageRecord = {
  readonly id: Digest;
  /** The image that this one was built on here. */
  readonly parent?: Digest;
  /** Chain ids of the layers, lowest first. */
  readonly layers: readonly Digest[];
  /** Manifests and indexes that lead to it, in the content store; the latest first. */
  readonly manifests?: readonly Digest[];
  /** RFC 3339. */
  readonly lastTagTime?: string;
};

const mostManifests = 32;

export type Image = ImageRecord & {
  /** What containers of it run by default. */
  readonly config: ImageRunConfig;
  /** The whole config blob. */
  readonly body: ImageConfig;
  /** Sum of the layers' files. */
  readonly sizeBytes: number;
};

export function openImageStore(host: Host, root: string): ImageStore {
  return new ImageStore(host, root);
}

export class ImageStore {
  readonly host: Host;
  readonly layers: LayerStore;
  readonly tags: TagStore;
  readonly ingest: IngestStore;
  readonly blobs: LayerBlobs;
  readonly #content: ContentStore;
  readonly #folder: string;
  readonly #records = new Map<Digest, ImageRecord>();
  /** Images whose config was read already. */
  readonly #images = new Map<Digest, Image>();
  /** Records that are there and cannot be used, with all digests that they name. */
  readonly #unusable = new Map<Digest, readonly string[]>();
  readonly #lock = new KeyedLock();

  constructor(host: Host, root: string) {
    this.host = host;
    this.#folder = join(root, "images");
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.layers = new LayerStore(host, root);
    this.tags = new TagStore(host, root);
    this.ingest = new IngestStore(host, root);
    this.blobs = new LayerBlobs(root);
    this.#content = openContentStore(root);
    const named = new Set<string>();
    for (const name of readdirSync(this.#folder)) {
      const id = digestOfHex(name.replace(/\.json$/, ""));
      if (isDigest(id)) for (const digest of this.#load(id)) named.add(digest);
    }
    // A crash may have come between a blob and the record that names it, or between a record's end and its blobs'.
    const swept = sweepBlobs(this.#content, (digest) => named.has(digest));
    if (swept > 0) host.log.info("content of no image removed", { files: swept });
  }

  /**
   * Keeps additions and removals apart: between the commit of a layer and the record of its image nothing is removed.
   * Not to be taken by who holds it.
   */
  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    return await this.#lock.run("images", work);
  }

  count(): number {
    return this.#records.size;
  }

  /** Those whose config can be read. */
  all(): Image[] {
    const found: Image[] = [];
    for (const id of this.#records.keys()) {
      try {
        const image = this.get(id);
        if (image !== undefined) found.push(image);
      } catch (err) {
        this.host.log.warn("image cannot be read", { image: id, error: errorText(err) });
      }
    }
    return found;
  }

  get(id: Digest): Image | undefined {
    const known = this.#images.get(id);
    if (known !== undefined) return known;
    const record = this.#records.get(id);
    if (record === undefined) return undefined;
    const image = this.#read(record);
    this.#images.set(id, image);
    return image;
  }

  /**
   * What a user calls an image: a name, a name with tag or digest, an id or the beginning of one. Names come first.
   * @throws NotFoundError `No such image: x:latest`; InvalidParameterError for what is neither a name nor an id.
   */
  resolve(ref: string): Image {
    const { reference, problem } = parseReference(ref);
    const named = reference === undefined ? undefined : this.tags.get(withDefaultTag(reference));
    const id = named ?? this.#idBeginningWith(ref);
    const image = id === undefined ? undefined : this.get(id);
    if (image !== undefined) return image;
    if (isId(ref)) throw new NotFoundError(`No such image: ${ref}`);
    if (reference === undefined) throw new InvalidParameterError(problem);
    throw new NotFoundError(`No such image: ${familiarString(withDefaultTag(reference))}`);
  }

  /** Images that were built on this one. */
  children(id: Digest): ImageRecord[] {
    return [...this.#records.values()].filter(({ parent }) => parent === id);
  }

  /**
   * Adds the image with this config, whose layers have been committed. Durable when it returns; an image that is there
   * already stays what it was.
   */
  add(configBytes: Uint8Array, options: { readonly parent?: Digest } = {}): Image {
    const body = parseImageConfig(configBytes);
    const layers = chainIDsOf(body.rootfs.diff_ids);
    const missing = layers.find((chainID) => this.layers.get(chainID) === undefined);
    if (missing !== undefined) throw new SystemError(`layer ${missing} is not in the graph`);
    const id = putBlob(this.#content, configBytes);
    crashPoint("image config written");
    const { parent } = options;
    const isKnown = parent !== undefined && this.#records.has(parent);
    if (!this.#records.has(id)) this.#write({ id, layers, ...(isKnown ? { parent } : {}) });
    crashPoint("image recorded");
    const image = this.get(id);
    if (image === undefined) throw new SystemError(`image ${id} is gone`);
    return image;
  }

  /** Gives an image names, in one step; what they meant before they mean no more. Returns the image as it is then. */
  tag(image: Image, references: readonly Reference[]): Image {
    const record = this.#records.get(image.id);
    if (record === undefined) throw new NotFoundError(`No such image: ${image.id}`);
    if (references.length === 0) return image;
    this.tags.set(references.map((reference) => ({ reference, id: image.id })));
    this.#write({ ...record, lastTagTime: this.host.clock.now().toISOString() });
    return this.get(image.id) ?? image;
  }

  /** Keeps the bytes of manifests or indexes that lead to the image, as a registry has them. */
  keepManifests(image: Image, manifests: readonly Uint8Array[]): void {
    const record = this.#records.get(image.id);
    if (record === undefined) throw new NotFoundError(`No such image: ${image.id}`);
    const before = record.manifests ?? [];
    const digests = manifests.map((bytes) => putBlob(this.#content, bytes));
    if (digests.every((digest) => before.includes(digest))) return;
    const all = [...new Set([...digests, ...before])];
    this.#write({ ...record, manifests: all.slice(0, mostManifests) });
    this.#deleteManifests(all.slice(mostManifests));
  }

  #deleteManifests(digests: readonly Digest[]): void {
    const kept = new Set([...this.#records.values()].flatMap(({ manifests = [] }) => manifests));
    for (const digest of digests) if (!kept.has(digest)) deleteBlob(this.#content, digest);
  }

  /** Takes the image out: its record first, which is the commit. Its names and layers are the caller's business. */
  delete(id: Digest): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    this.#records.delete(id);
    this.#images.delete(id);
    rmSync(this.#recordPath(id), { force: true });
    syncFolder(this.#folder);
    crashPoint("image forgotten");
    deleteBlob(this.#content, id);
    this.#deleteManifests(record.manifests ?? []);
  }

  /** A blob that an image's record names, such as its config. @throws NotFoundError; SystemError where it is damaged. */
  content(digest: Digest): Uint8Array {
    return readBlob(this.#content, digest);
  }

  /** Chain ids that images hold. */
  layersInUse(): Set<string> {
    const used = new Set<string>();
    for (const { layers } of this.#records.values()) for (const chainID of layers) used.add(chainID);
    // What is damaged may be repaired: nothing of it is thrown away.
    for (const named of this.#unusable.values()) for (const digest of named) used.add(digest);
    return used;
  }

  #idBeginningWith(ref: string): Digest | undefined {
    if (!isId(ref)) return undefined;
    const wanted = ref.startsWith("sha256:") ? ref : `sha256:${ref}`;
    const found = [...this.#records.keys()].filter((id) => id.startsWith(wanted));
    if (found.length > 1) throw new InvalidParameterError(`multiple IDs found with provided prefix: ${ref}`);
    return found[0];
  }

  #write(record: ImageRecord): void {
    writeFileDurable(this.#recordPath(record.id), JSON.stringify(record));
    this.#records.set(record.id, record);
    this.#images.delete(record.id);
  }

  #read(record: ImageRecord): Image {
    const body = parseImageConfig(this.content(record.id));
    let sizeBytes = 0;
    for (const chainID of record.layers) sizeBytes += this.layers.get(chainID)?.sizeBytes ?? 0;
    return Object.freeze({ ...record, config: body.config ?? {}, body, sizeBytes });
  }

  /** @returns all digests that the record names, usable or not. */
  #load(id: Digest): readonly string[] {
    let text = "";
    try {
      text = readFileSync(this.#recordPath(id), "utf8");
      const record = JSON.parse(text) as ImageRecord;
      const missing = record.layers.find((chainID) => this.layers.get(chainID) === undefined);
      if (record.id !== id || missing !== undefined)
        throw new Error(
          missing === undefined ? "the record is another image's" : `layer ${missing} is missing`,
        );
      this.#records.set(id, record);
    } catch (err) {
      this.host.log.warn("image cannot be used", { image: id, error: errorText(err) });
      this.#unusable.set(id, [...digestsIn(text), ...(this.layersOfConfig(id) ?? [])]);
    }
    return [id, ...digestsIn(text)];
  }

  /** Chain ids of the layers that an image's config asks for; undefined when it cannot be read. */
  layersOfConfig(id: Digest): readonly Digest[] | undefined {
    try {
      return chainIDsOf(parseImageConfig(this.content(id)).rootfs.diff_ids);
    } catch {
      return undefined; // why not is told by whoever wants to use the image
    }
  }

  /** Where its files lie, besides the layers'. */
  get folders(): { readonly records: string; readonly content: string; readonly blobs: string } {
    return { records: this.#folder, content: this.#content.folder, blobs: this.blobs.folder };
  }

  /** Digests of the blobs that images need or may need again. */
  namedContent(): readonly string[] {
    const named: string[] = [];
    for (const { id, manifests = [] } of this.#records.values()) named.push(id, ...manifests);
    for (const [id, digests] of this.#unusable) named.push(id, ...digests);
    return named;
  }

  records(): readonly ImageRecord[] {
    return [...this.#records.values()];
  }

  /** Ids of images whose record cannot be used. */
  unusable(): readonly Digest[] {
    return [...this.#unusable.keys()];
  }

  /** Replaces what is known of an image by what its config says, and as much as is true of `record`. */
  repair(id: Digest, { parent, manifests = [], lastTagTime }: Partial<ImageRecord>): void {
    const layers = this.layersOfConfig(id);
    if (layers === undefined) throw new SystemError(`the config of image ${id} cannot be read`);
    const there = manifests.filter((digest) => this.#isThere(digest));
    this.#write({
      id,
      layers,
      ...(parent !== undefined && this.#records.has(parent) ? { parent } : {}),
      ...(there.length > 0 ? { manifests: there } : {}),
      ...(lastTagTime === undefined ? {} : { lastTagTime }),
    });
    this.#unusable.delete(id);
  }

  #isThere(digest: Digest): boolean {
    try {
      this.content(digest);
      return true;
    } catch {
      return false;
    }
  }

  #recordPath(id: Digest): string {
    return join(this.#folder, `${digestHex(id)}.json`);
  }
}

function digestsIn(text: string): readonly string[] {
  return text.match(/sha256:[0-9a-f]{64}/g) ?? [];
}

/** Whether a text could be an id or the beginning of one. Many names could. */
export function isId(ref: string): boolean {
  return /^(?:sha256:)?[a-f0-9]{1,64}$/.test(ref);
}
