// Reading tar archives as they stream in: entry by entry, the bodies in pieces, nothing held but the current header.
// Takes ustar, pax, GNU (long names, sparse), star and V7. Pure: it knows no file system and judges no path.
import { InvalidParameterError } from "../base/errors.ts";
import { ByteReader, type ByteSource } from "./byte-reader.ts";
import { blockSize, decodeHeader, isZeroBlock, type TarHeader } from "./tar-header.ts";
import { decodeName } from "./tar-name.ts";
import { decodePax, paxInteger, paxTime, paxXattrs, type PaxRecords } from "./tar-pax.ts";
import { readOldGnuMap, readPaxMap, type SparseMap } from "./tar-sparse.ts";

export type EntryKind = "file" | "hardlink" | "symlink" | "char" | "block" | "directory" | "fifo";

export type TarEntry = {
  /** As written in the archive: may be absolute, hold `..` or end in a slash. See `tar-name.ts` for its bytes. */
  readonly path: string;
  readonly kind: EntryKind;
  /** Of a hard or symbolic link; otherwise empty. */
  readonly target: string;
  /** Permission bits with setuid, setgid and sticky: 07777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of the body in the archive: of a sparse file, its pieces only. */
  readonly sizeBytes: number;
  /** Nanoseconds since 1970. */
  readonly modifiedNs: bigint;
  readonly accessedNs: bigint;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  readonly sparse?: SparseMap;
};

export type TarLimits = {
  readonly maxEntries: number;
  /** Sum of the sizes that the headers declare, holes of sparse files included. */
  readonly maxTotalBytes: number;
};

const noLimits: TarLimits = { maxEntries: Number.MAX_SAFE_INTEGER, maxTotalBytes: Number.MAX_SAFE_INTEGER };

/** Extended headers and long names are held in memory; Linux allows 64 KiB for one attribute and 4 KiB for a path. */
const maxExtraBytes = 1 << 20;
/** Global records are copied for each entry that has records of its own; real ones have some dozens of bytes. */
const maxGlobalBytes = 64 << 10;

const kinds: Readonly<Record<string, EntryKind>> = {
  "0": "file",
  "7": "file",
  S: "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "char",
  "4": "block",
  "5": "directory",
  "6": "fifo",
};

const noRecords: PaxRecords = new Map();
const noXattrs: ReadonlyMap<string, Uint8Array> = new Map();

/** What stood before an entry's header and belongs to it. */
type Extras = { pax: PaxRecords; longName?: Uint8Array; longTarget?: Uint8Array };

/**
 * `next()` gives the entries in order; between two calls `read()` gives the body of the last one, as far as it is wanted.
 * Every failure to understand the archive is an InvalidParameterError; failures of the source pass through.
 */
export class TarReader {
  readonly #bytes: ByteReader;
  readonly #limits: TarLimits;
  readonly #onOther: ((bytes: Uint8Array) => void) | undefined;
  #global: PaxRecords = noRecords;
  #bodyLeft = 0;
  #padding = 0;
  #entries = 0;
  #declaredBytes = 0;

  /** `onOther` is given, in order, all that `read` does not give. */
  constructor(source: ByteSource, limits: TarLimits = noLimits, onOther?: (bytes: Uint8Array) => void) {
    this.#bytes = new ByteReader(source);
    this.#limits = limits;
    this.#onOther = onOther;
  }

  /** The next entry, or `undefined` at the archive's end. What was left of the body before is passed over. */
  async next(): Promise<TarEntry | undefined> {
    const extras: Extras = { pax: this.#global };
    for (;;) {
      const left = this.#bodyLeft + this.#padding;
      if ((await this.#skip(left)) < left) throw truncated();
      this.#bodyLeft = this.#padding = 0;
      const block = await this.#take(blockSize);
      if (block.length === 0 || (block.length === blockSize && isZeroBlock(block))) return undefined;
      if (block.length < blockSize) throw truncated();
      const header = decodeHeader(block);
      if (++this.#entries > this.#limits.maxEntries)
        throw new InvalidParameterError(`the archive has more than ${this.#limits.maxEntries} entries`);
      const kind = kinds[header.type];
      if (kind !== undefined) return await this.#entry(header, kind, block, extras);
      await this.#readExtra(header, extras);
    }
  }

  /** The next piece of the current entry's body; `undefined` at its end. Good until the next call. */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#bodyLeft === 0) return undefined;
    const piece = await this.#bytes.some(this.#bodyLeft);
    if (piece.length === 0) throw truncated();
    this.#bodyLeft -= piece.length;
    return piece;
  }

  /** The rest of the current entry's body. */
  async *body(): AsyncGenerator<Uint8Array> {
    for (let piece = await this.read(); piece !== undefined; piece = await this.read()) yield piece;
  }

  /** Reads on to the end of the source, where padding or a second archive may stand. */
  async drain(): Promise<void> {
    this.#bodyLeft = this.#padding = 0;
    const room = this.#limits.maxTotalBytes - this.#declaredBytes;
    if ((await this.#skip(room + 1)) > room) throw this.#tooLarge();
  }

  async close(): Promise<void> {
    await this.#bytes.close();
  }

  async #readExtra(header: TarHeader, extras: Extras): Promise<void> {
    this.#setBody(header.sizeBytes);
    switch (header.type) {
      case "x":
      case "X":
        extras.pax = decodePax(await this.#wholeBody(), this.#global);
        return;
      case "g":
        this.#global = decodePax(await this.#wholeBody(), this.#global);
        // Every header may add to those before, and all of them are held to the end.
        if (sizeOf(this.#global) > maxGlobalBytes)
          throw new InvalidParameterError(
            `invalid tar header: more than ${maxGlobalBytes} bytes of global records`,
          );
        extras.pax = new Map([...this.#global, ...extras.pax]);
        return;
      case "L":
        extras.longName = upToNul(await this.#wholeBody());
        return;
      case "K":
        extras.longTarget = upToNul(await this.#wholeBody());
        return;
      case "V":
        // A label for a tape: says nothing of files.
        return;
      default:
        throw new InvalidParameterError(`unhandled tar header type ${JSON.stringify(header.type)}`);
    }
  }

  async #entry(header: TarHeader, kind: EntryKind, block: Uint8Array, extras: Extras): Promise<TarEntry> {
    const { pax } = extras;
    const name = paxName(pax, "path") ?? extras.longName ?? header.name;
    const target = paxName(pax, "linkpath") ?? extras.longTarget ?? header.linkName;
    let path = decodeName(name);
    let sizeBytes = paxInteger(pax, "size") ?? header.sizeBytes;
    // V7 has no type for folders; and what cannot have a body has none, whatever its size field says.
    const isFolder = kind === "directory" || (kind === "file" && path.endsWith("/"));
    if (kind !== "file" || isFolder) sizeBytes = 0;
    this.#setBody(sizeBytes);
    let sparse: SparseMap | undefined;
    if (header.type === "S") {
      sparse = await readOldGnuMap(block, sizeBytes, () => this.#block());
    } else if (kind === "file" && pax.size > 0) {
      const found = await readPaxMap(pax, sizeBytes, () => this.#mapBlock());
      sparse = found?.map;
      sizeBytes -= found?.mapBytes ?? 0;
      path = found?.name ?? path;
    }
    this.#declaredBytes += sparse?.fileBytes ?? sizeBytes;
    if (this.#declaredBytes > this.#limits.maxTotalBytes) throw this.#tooLarge();
    if (path.includes("\0") || path === "") throw new InvalidParameterError("invalid tar header: bad name");
    const modifiedNs = paxTime(pax, "mtime") ?? BigInt(header.mtime) * 1_000_000_000n;
    return {
      path,
      kind: isFolder ? "directory" : kind,
      target: kind === "hardlink" || kind === "symlink" ? decodeName(target) : "",
      mode: header.mode & 0o7777,
      uid: paxInteger(pax, "uid") ?? header.uid,
      gid: paxInteger(pax, "gid") ?? header.gid,
      sizeBytes,
      modifiedNs,
      accessedNs: paxTime(pax, "atime") ?? modifiedNs,
      deviceMajor: header.deviceMajor,
      deviceMinor: header.deviceMinor,
      xattrs: pax.size === 0 ? noXattrs : paxXattrs(pax),
      ...(sparse === undefined ? {} : { sparse }),
    };
  }

  #setBody(sizeBytes: number): void {
    this.#bodyLeft = sizeBytes;
    this.#padding = (blockSize - (sizeBytes % blockSize)) % blockSize;
  }

  async #wholeBody(): Promise<Uint8Array> {
    if (this.#bodyLeft > maxExtraBytes)
      throw new InvalidParameterError(`invalid tar header: an extended header of ${this.#bodyLeft} bytes`);
    const bytes = await this.#take(this.#bodyLeft);
    if (bytes.length < this.#bodyLeft) throw truncated();
    this.#bodyLeft = 0;
    return Buffer.from(bytes);
  }

  async #block(): Promise<Uint8Array> {
    const block = await this.#take(blockSize);
    if (block.length < blockSize) throw truncated();
    return block;
  }

  async #take(length: number): Promise<Uint8Array> {
    const bytes = await this.#bytes.take(length);
    this.#onOther?.(bytes);
    return bytes;
  }

  async #skip(length: number): Promise<number> {
    let left = length;
    while (left > 0) {
      const bytes = await this.#bytes.some(left);
      if (bytes.length === 0) break;
      this.#onOther?.(bytes);
      left -= bytes.length;
    }
    return length - left;
  }

  #tooLarge(): InvalidParameterError {
    return new InvalidParameterError(
      `the archive declares more than ${this.#limits.maxTotalBytes} bytes of files, more than there is room for`,
    );
  }

  async #mapBlock(): Promise<Uint8Array> {
    const block = await this.#block();
    this.#bodyLeft -= block.length;
    return block;
  }
}

function sizeOf(records: PaxRecords): number {
  let size = 0;
  for (const [key, value] of records) size += key.length + value.length;
  return size;
}

function paxName(pax: PaxRecords, key: string): Uint8Array | undefined {
  const value = pax.get(key);
  return value === undefined || value.length === 0 ? undefined : value;
}

function upToNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

function truncated(): InvalidParameterError {
  return new InvalidParameterError("unexpected EOF in the archive");
}
