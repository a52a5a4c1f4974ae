// The layers of all images, each an unpacked folder that overlayfs mounts as it is.
//
//   graph/                          0700
//     <64 hex digits>/              a layer, named by its chain id; there whole or not at all
//       diff/                       its files
//       layer.json                  LayerRecord
//       tar-split                   what its archive held besides the files' contents (tar-split.ts)
//       replaced/                   files of the archive that later ones of the same name have replaced; rare
//     :mountpoints:/diff/           below every image: what containers need to mount on (overlay.ts)
//     :tmp:/<random>/               layers in the making and on their way out; emptied at every start
//
// A layer is staged (unpacked in :tmp:), committed (one rename to its name) and removed (one rename into :tmp:, then deleted).
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statfsSync,
  writeFileSync,
  type StatsFs,
} from "node:fs";
import { join } from "node:path";
import { crashPoint } from "../base/crash-point.ts";
import { syncFolder, writeFileDurable } from "../base/durable-file.ts";
import { errorText, NotFoundError, SystemError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { digestOfHex, isDigest, type Digest } from "../spec/digest.ts";
import { spreadFoldersIn } from "../sys/inode-flags.ts";
import type { ByteSource } from "./byte-reader.ts";
import { chainIDOf } from "./chain-id.ts";
import { decompressed } from "./compression.ts";
import { copyTree } from "./copy-tree.ts";
import { DeletedGround, placesOf } from "./deleted-ground.ts";
import { Deletions } from "./deletions.ts";
import type { TakeChunk } from "./chunks.ts";
import { layerArchive, layerParts } from "./layer-archive.ts";
import { settleLayer } from "./layer-settle.ts";
import type { FollowedBlob, LayerUnpackers } from "./layer-unpackers.ts";
import { makeMountpoints } from "./overlay.ts";
import { StreamUnpackers } from "./stream-unpackers.ts";
import { syncFilesystemOf } from "./sync-filesystem.ts";
import type { TarLimits } from "./tar-reader.ts";
import { ThreadPool } from "./threads.ts";
import type { UnpackedLayer } from "./unpack-layer.ts";

export type LayerRecord = {
  readonly chainID: Digest;
  /** Digest of the layer's archive, uncompressed. */
  readonly diffID: Digest;
  /** Chain id of the layer below. */
  readonly parent?: Digest;
  /** Sum of the sizes of its files. */
  readonly sizeBytes: number;
  /** Size of its archive, uncompressed. */
  readonly archiveBytes: number;
};

/** A layer that is unpacked and has no place in a chain yet. */
export type StagedLayer = UnpackedLayer & { readonly folder: string };

const mostEntries = 10_000_000;
/** To make a folder that lies where nothing has been deleted of late. */
const mostTries = 10;
const flushStepBytes = 64 << 20;
/** Where so much is free, nobody waits for files that are still being deleted. */
const roomyBytes = 16 * 2 ** 30;

export class LayerStore {
  readonly folder: string;
  /** For whatever is done with layers. */
  readonly threads = new ThreadPool();
  readonly #unpackers = new StreamUnpackers(this.threads);
  readonly #host: Host;
  readonly #records = new Map<string, LayerRecord>();
  readonly #deletions = new Deletions();
  /** Where the file system can be told to spread folders over the disk. */
  readonly #deletedGround: DeletedGround | undefined;
  readonly #holds = new Set<ReadonlySet<string>>();
  /** Folders in :tmp: that somebody works in, or that are being deleted. */
  readonly #scratch = new Set<string>();
  #unflushedBytes = 0;
  #isFlushing = false;

  constructor(host: Host, root: string) {
    this.#host = host;
    this.folder = join(root, "graph");
    mkdirSync(this.#temp(), { recursive: true, mode: 0o700 });
    this.#deletedGround = spreadFoldersIn(this.#temp()) ? new DeletedGround() : undefined;
    for (const left of readdirSync(this.#temp())) this.#deleteLater(join(this.#temp(), left));
    makeMountpoints(this.mountpoints());
    for (const name of readdirSync(this.folder)) {
      const chainID = digestOfHex(name);
      if (isDigest(chainID)) this.#load(chainID);
    }
  }

  /** The root folder of a layer's files, to be used and never written to. */
  diff(chainID: string): string {
    return join(this.#place(chainID), "diff");
  }

  /** The folder below every image's layers. */
  mountpoints(): string {
    return join(this.folder, ":mountpoints:", "diff");
  }

  get(chainID: string): LayerRecord | undefined {
    return this.#records.get(chainID);
  }

  all(): readonly LayerRecord[] {
    return [...this.#records.values()];
  }

  /**
   * Unpacks an archive, compressed or not, and reads its source to the end.
   * The caller commits or discards what it gets; a failure leaves nothing behind.
   */
  async stage(archive: ByteSource, signal?: AbortSignal): Promise<StagedLayer> {
    const onBytes = (sizeBytes: number): void => {
      signal?.throwIfAborted();
      this.#flushAhead(sizeBytes);
    };
    return await this.#staged((folder, limits) =>
      this.#unpackers.unpack(decompressed(archive), folder, limits, onBytes),
    );
  }

  /**
   * As `stage`, of a blob that is still being fetched, on another thread: nobody is held up by its work.
   * @throws InvalidParameterError also for a blob that is not what its digest says.
   */
  async stageBlob(unpackers: LayerUnpackers, blob: FollowedBlob, signal: AbortSignal): Promise<StagedLayer> {
    const onBytes = (sizeBytes: number): void => this.#flushAhead(sizeBytes);
    return await this.#staged((folder, limits) =>
      unpackers.unpack({ ...blob, folder, limits }, onBytes, signal),
    );
  }

  async #staged(unpack: (folder: string, limits: TarLimits) => Promise<UnpackedLayer>): Promise<StagedLayer> {
    const folder = this.scratch();
    try {
      const limits = await this.#limits();
      using _first = this.#deletions.giveWay();
      return { ...(await unpack(folder, limits)), folder };
    } catch (err) {
      this.#deleteLater(folder);
      throw err;
    }
  }

  /**
   * Puts staged layers on top of each other and of `parent`, lowest first. Durable when it returns; after a crash at any
   * moment each of them is there whole or not at all. A layer that is there already is kept and the staged one goes.
   */
  async commit(parent: Digest | undefined, layers: readonly StagedLayer[]): Promise<LayerRecord[]> {
    const records: LayerRecord[] = [];
    const below = this.#diffsDown(parent);
    for (const layer of layers) {
      const on = records.at(-1)?.chainID ?? parent;
      const chainID = chainIDOf(on, layer.diffID);
      const record = recordOf(layer, chainID, on);
      records.push(this.get(chainID) ?? record);
      const isThere = this.get(chainID) !== undefined;
      if (!isThere) {
        settleLayer(join(layer.folder, "diff"), layer, below);
        writeFileSync(join(layer.folder, "layer.json"), JSON.stringify(record), { mode: 0o600 });
      }
      below.unshift(isThere ? this.diff(chainID) : join(layer.folder, "diff"));
    }
    crashPoint("layers-settled");
    await syncFilesystemOf(this.folder);
    for (const [at, record] of records.entries()) {
      const layer = layers[at];
      if (layer !== undefined) this.#rename(layer, record);
      crashPoint("layer-renamed");
    }
    syncFolder(this.folder);
    return records;
  }

  /** A second one of a staged layer, for an image that has the same archive twice: overlayfs takes no folder twice. */
  async duplicate(layer: StagedLayer): Promise<StagedLayer> {
    return { ...layer, folder: await this.#copyParts(layer.folder) };
  }

  /** A staged layer of the same files as one in the graph, for another place. */
  async copy(record: LayerRecord): Promise<StagedLayer> {
    const nothing = { entries: 0, implied: new Map<bigint, string>(), whiteouts: [], opaqueRoot: false };
    const { diffID, sizeBytes, archiveBytes } = record;
    const folder = await this.#copyParts(this.#place(record.chainID));
    return { ...nothing, diffID, sizeBytes, archiveBytes, folder };
  }

  /**
   * The archive that the layer came from, uncompressed, `archiveBytes` long. Hold the layer while it is read.
   * @throws NotFoundError; SystemError at its end when it is not the same any more.
   */
  async *archive(chainID: string, take?: TakeChunk): AsyncGenerator<Uint8Array> {
    const record = this.get(chainID);
    if (record === undefined) throw new NotFoundError(`layer ${chainID} not found`);
    this.checkArchive(chainID);
    const hash = createHash("sha256");
    for (const chunk of layerArchive(this.#place(chainID), take)) {
      hash.update(chunk);
      yield chunk;
    }
    const diffID = digestOfHex(hash.digest("hex"));
    if (diffID !== record.diffID)
      throw new SystemError(
        `layer ${chainID} is damaged on disk: its archive is ${diffID}, not ${record.diffID}`,
      );
  }

  /** @throws SystemError for a layer that early versions stored without what its archive held besides the files. */
  checkArchive(chainID: string): void {
    if (this.get(chainID) === undefined || existsSync(join(this.#place(chainID), layerParts.split))) return;
    throw new SystemError(
      `the archive of layer ${chainID} cannot be written again: an early version stored it. Remove its image, and pull or load it again`,
    );
  }

  /** Until the hold is disposed of, these layers are in use (`held`). */
  hold(chainIDs: Iterable<string>): Disposable {
    const holding = new Set(chainIDs);
    this.#holds.add(holding);
    return { [Symbol.dispose]: () => void this.#holds.delete(holding) };
  }

  /** Layers that somebody reads or builds on. */
  held(): Set<string> {
    const held = new Set<string>();
    for (const holding of this.#holds) for (const chainID of holding) held.add(chainID);
    return held;
  }

  /** Of a staged layer, or a scratch folder; of one that was committed meanwhile nothing is left to discard. */
  discard({ folder }: { readonly folder: string }): void {
    this.#deleteLater(folder);
  }

  /**
   * They are gone when this returns; their files are deleted in the background. Nobody waits for the disk: what a power cut
   * brings back belongs to no image, and the next start sweeps it before anybody can use it.
   */
  remove(chainIDs: Iterable<string>): void {
    const doomed: string[] = [];
    for (const chainID of chainIDs) {
      if (!this.#records.delete(chainID)) continue;
      const folder = this.scratch();
      renameSync(this.#place(chainID), join(folder, "gone"));
      crashPoint("layer taken out");
      doomed.push(folder);
    }
    for (const folder of doomed) this.#deleteLater(folder);
  }

  /** Resolves when nothing is left to delete in the background. */
  async idle(): Promise<void> {
    await this.#deletions.idle();
  }

  async #copyParts(from: string): Promise<string> {
    const folder = this.scratch();
    for (const part of Object.values(layerParts))
      if (existsSync(join(from, part))) await copyTree(join(from, part), join(folder, part));
    return folder;
  }

  /** Lets the disk write while a large archive is still being unpacked, so that less is left to wait for at the commit. */
  #flushAhead(sizeBytes: number): void {
    this.#unflushedBytes += sizeBytes;
    if (this.#unflushedBytes < flushStepBytes || this.#isFlushing) return;
    this.#unflushedBytes = 0;
    this.#isFlushing = true;
    syncFilesystemOf(this.folder)
      // The commit syncs again, and its failure is one.
      .catch((err: unknown) => this.#host.log.debug("cannot flush ahead", { error: errorText(err) }))
      .finally(() => (this.#isFlushing = false));
  }

  #diffsDown(top: Digest | undefined): string[] {
    const folders: string[] = [];
    for (let chainID = top; chainID !== undefined;) {
      const record = this.get(chainID);
      if (record === undefined) throw new NotFoundError(`layer ${chainID} not found`);
      folders.push(this.diff(chainID));
      chainID = record.parent;
    }
    return folders;
  }

  #rename(layer: StagedLayer, record: LayerRecord): void {
    // The same image may have come by another way while the disk was busy.
    if (this.#records.has(record.chainID)) {
      this.discard(layer);
      return;
    }
    renameSync(layer.folder, this.#place(record.chainID));
    this.#scratch.delete(layer.folder);
    this.#records.set(record.chainID, record);
  }

  #load(chainID: Digest): void {
    try {
      const record = JSON.parse(
        readFileSync(join(this.#place(chainID), "layer.json"), "utf8"),
      ) as LayerRecord;
      if (record.chainID !== chainID) throw new Error(`it calls itself ${record.chainID}`);
      this.#records.set(chainID, record);
    } catch (err) {
      this.#host.log.warn("layer cannot be used", { layer: chainID, error: errorText(err) });
    }
  }

  /** What cannot fit on the disk is refused before it fills it; what has just been removed makes room first. */
  async #limits(): Promise<TarLimits> {
    const isRoomy = ({ bavail, bsize }: StatsFs): boolean => bavail * bsize >= roomyBytes;
    if (!this.#deletions.isIdle && !isRoomy(statfsSync(this.folder))) await this.idle();
    const { bavail, bsize, files, ffree } = statfsSync(this.folder);
    // Some file systems make inodes as they need them, and count none.
    return {
      maxEntries: files > 0 ? Math.min(ffree, mostEntries) : mostEntries,
      maxTotalBytes: bavail * bsize,
    };
  }

  #place(chainID: string): string {
    return join(this.folder, chainID.slice("sha256:".length));
  }

  #temp(): string {
    return join(this.folder, ":tmp:");
  }

  /** A fresh folder on the graph's file system, 0700. The caller discards it; after a crash the next start does. */
  scratch(): string {
    let folder = this.#newFolder();
    for (let tries = 1; tries < mostTries && this.#deletedGround?.isUnder(folder); tries++) {
      rmdirSync(folder);
      folder = this.#newFolder();
    }
    this.#scratch.add(folder);
    return folder;
  }

  #newFolder(): string {
    const folder = join(this.#temp(), this.#host.random.hex(8));
    mkdirSync(folder, { mode: 0o700 });
    return folder;
  }

  /** The folder with a layer's parts. */
  folderOf(chainID: string): string {
    return this.#place(chainID);
  }

  /** What lies in :tmp: and belongs to no work of this process. */
  strays(): string[] {
    return readdirSync(this.#temp())
      .map((name) => join(this.#temp(), name))
      .filter((path) => !this.#scratch.has(path));
  }

  /** Layers that are on the disk and cannot be used. */
  unusable(): Digest[] {
    const names = readdirSync(this.folder).map((name) => digestOfHex(name));
    return names.filter((chainID) => isDigest(chainID) && !this.#records.has(chainID));
  }

  /** Replaces what is known of a layer that is on the disk. */
  repair(record: LayerRecord): void {
    writeFileDurable(join(this.#place(record.chainID), "layer.json"), JSON.stringify(record));
    this.#records.set(record.chainID, record);
  }

  /** Takes away a layer that cannot be used, or a stray folder. */
  discardUnusable(path: string): void {
    const folder = this.scratch();
    renameSync(path, join(folder, "gone"));
    syncFolder(this.folder);
    this.#deleteLater(folder);
  }

  #deleteLater(path: string): void {
    this.#scratch.add(path);
    void this.#delete(path)
      .catch((err: unknown) =>
        this.#host.log.warn("folder cannot be deleted", { path, error: errorText(err) }),
      )
      .finally(() => this.#scratch.delete(path));
  }

  async #delete(path: string): Promise<void> {
    const places = placesOf(path);
    this.#deletedGround?.note(places);
    await this.#deletions.add(path);
    this.#deletedGround?.note(places);
  }
}

function recordOf(layer: StagedLayer, chainID: Digest, parent: Digest | undefined): LayerRecord {
  const { diffID, sizeBytes, archiveBytes } = layer;
  return { chainID, diffID, ...(parent === undefined ? {} : { parent }), sizeBytes, archiveBytes };
}
