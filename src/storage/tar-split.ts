// A layer's archive without the contents of its files: from this and the unpacked files the archive can be written again,
// byte for byte, so that its digest stays the layer's name (as tar-split does for Docker).
//
//   file    := block*                    block := u32 length, zstd frame of whole records        (little-endian)
//   record  := 1, u32 length, bytes      headers, padding, bodies that became no file, what stands behind the end
//            | 2, u16 length, path, u32 count, (f64 offset, f64 length)*     pieces of a file's contents
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { SystemError } from "../base/errors.ts";
import { closeFd, O_CREAT, O_EXCL, O_RDONLY, O_WRONLY, openFile, read, writeAll } from "../sys/file.ts";
import type { LayerPath } from "./entry-path.ts";
import { decodeName, encodeName } from "./tar-name.ts";
import type { Extent } from "./tar-sparse.ts";

export type SplitPiece =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** `path`: where the file was when it had been unpacked; no part of it is a link. */
  | { readonly kind: "body"; readonly path: LayerPath; readonly extents: readonly Extent[] };

const bytesRecord = 1;
const bodyRecord = 2;
const extentBytes = 16;
const blockBytes = 1 << 20;

/** Notes an archive as it is read, in order: `bytes` for all but the files' contents, `body` in place of these. */
export class SplitWriter implements Disposable {
  readonly #fd: number;
  #block = Buffer.allocUnsafe(blockBytes);
  #used = 0;
  #archiveBytes = 0;
  #bodies = 0;

  /** `path` does not exist yet. */
  constructor(path: string) {
    this.#fd = openFile(path, O_WRONLY | O_CREAT | O_EXCL, 0o600);
  }

  [Symbol.dispose](): void {
    closeFd(this.#fd);
  }

  /** Size of the archive so far. */
  get archiveBytes(): number {
    return this.#archiveBytes;
  }

  /** Contents noted so far. */
  get bodies(): number {
    return this.#bodies;
  }

  bytes(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#used + 6 > blockBytes) this.#flush();
      const piece = bytes.subarray(at, at + blockBytes - this.#used - 5);
      this.#used = this.#block.writeUInt8(bytesRecord, this.#used);
      this.#used = this.#block.writeUInt32LE(piece.length, this.#used);
      this.#block.set(piece, this.#used);
      this.#used += piece.length;
      at += piece.length;
    }
    this.#archiveBytes += bytes.length;
  }

  body(path: LayerPath, extents: readonly Extent[]): void {
    const name = Buffer.from(encodeName(path));
    const needed = 7 + name.length + extents.length * extentBytes;
    if (this.#used + needed > this.#block.length) this.#flush(needed);
    this.#used = this.#block.writeUInt8(bodyRecord, this.#used);
    this.#used = this.#block.writeUInt16LE(name.length, this.#used);
    this.#block.set(name, this.#used);
    this.#used = this.#block.writeUInt32LE(extents.length, this.#used + name.length);
    for (const { offset, sizeBytes } of extents) {
      this.#used = this.#block.writeDoubleLE(offset, this.#used);
      this.#used = this.#block.writeDoubleLE(sizeBytes, this.#used);
      this.#archiveBytes += sizeBytes;
    }
    this.#bodies++;
  }

  /** Writes what is left. Durable with the file system's next sync. */
  end(): void {
    this.#flush();
  }

  #flush(roomFor = blockBytes): void {
    if (this.#used > 0) {
      const frame = zstdCompressSync(this.#block.subarray(0, this.#used));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(frame.length);
      writeAll(this.#fd, length);
      writeAll(this.#fd, frame);
    }
    if (this.#block.length < roomFor) this.#block = Buffer.allocUnsafe(roomFor);
    this.#used = 0;
  }
}

/** What was noted, in order. Pieces of bytes are good until the next one is asked for. */
export function* readSplit(path: string): Generator<SplitPiece> {
  const fd = openFile(path, O_RDONLY);
  try {
    for (let block = nextBlock(fd, path); block !== undefined; block = nextBlock(fd, path))
      yield* piecesOf(block, path);
  } finally {
    closeFd(fd);
  }
}

function nextBlock(fd: number, path: string): Buffer | undefined {
  const head = Buffer.alloc(4);
  const got = readFull(fd, head);
  if (got === 0) return undefined;
  const frame = Buffer.alloc(head.readUInt32LE());
  if (got < head.length || readFull(fd, frame) < frame.length) throw damaged(path);
  try {
    return zstdDecompressSync(frame);
  } catch (err) {
    throw damaged(path, err);
  }
}

function readFull(fd: number, buffer: Buffer): number {
  let at = 0;
  for (let got = 1; at < buffer.length && got > 0; at += got) got = read(fd, buffer, at) ?? 0;
  return at;
}

function* piecesOf(block: Buffer, path: string): Generator<SplitPiece> {
  for (let at = 0; at < block.length;) {
    const kind = block.readUInt8(at);
    if (kind === bytesRecord) {
      const end = at + 5 + block.readUInt32LE(at + 1);
      yield { kind: "bytes", bytes: block.subarray(at + 5, end) };
      at = end;
    } else if (kind === bodyRecord) {
      const nameEnd = at + 3 + block.readUInt16LE(at + 1);
      const name = block.subarray(at + 3, nameEnd);
      const count = block.readUInt32LE(nameEnd);
      const extents: Extent[] = [];
      at = nameEnd + 4;
      for (const end = at + count * extentBytes; at < end; at += extentBytes)
        extents.push({ offset: block.readDoubleLE(at), sizeBytes: block.readDoubleLE(at + 8) });
      yield { kind: "body", path: decodeName(name), extents };
    } else throw damaged(path);
  }
}

function damaged(path: string, cause?: unknown): SystemError {
  return new SystemError(`${path} is damaged`, { cause });
}
