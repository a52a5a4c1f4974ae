// Writing tar archives: ustar where a header holds everything, pax records before it where it does not.
import type { EntryKind, TarEntry } from "./tar-reader.ts";
import { blockSize, fields } from "./tar-header.ts";
import { encodeName } from "./tar-name.ts";
import { encodePax, xattrKey } from "./tar-pax.ts";
import type { SparseMap } from "./tar-sparse.ts";

const types: Readonly<Record<EntryKind, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  char: "3",
  block: "4",
  directory: "5",
  fifo: "6",
};

/** What a plain file of root's has; `{ ...plainEntry, path: "etc/passwd", sizeBytes: 12 }`. */
export const plainEntry: Omit<TarEntry, "path"> = {
  kind: "file",
  target: "",
  mode: 0o644,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  modifiedNs: 0n,
  accessedNs: 0n,
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: new Map(),
};

/**
 * The block or blocks before an entry's body. `sizeBytes` of a sparse file is that of its pieces; its map, in the pax format
 * 1.0, becomes part of what comes before them.
 */
export function encodeEntry(entry: TarEntry): Uint8Array {
  if (entry.sparse !== undefined) return encodeSparse(entry, entry.sparse);
  return encodePlain(entry, new Map());
}

function encodeSparse(entry: TarEntry, { fileBytes, extents }: SparseMap): Uint8Array {
  // GNU tar takes the end of the last piece for the end of the file.
  const last = extents.at(-1);
  const endsInData = last !== undefined && last.offset + last.sizeBytes === fileBytes;
  const pieces = endsInData ? extents : [...extents, { offset: fileBytes, sizeBytes: 0 }];
  const numbers = [pieces.length, ...pieces.flatMap(({ offset, sizeBytes }) => [offset, sizeBytes])];
  const map = Buffer.from(numbers.map((value) => `${value}\n`).join(""));
  const mapBytes = map.length + padding(map.length).length;
  const pax = new Map<string, Uint8Array>([
    ["GNU.sparse.major", Buffer.from("1")],
    ["GNU.sparse.minor", Buffer.from("0")],
    ["GNU.sparse.name", Buffer.from(encodeName(entry.path))],
    ["GNU.sparse.realsize", Buffer.from(String(fileBytes))],
  ]);
  // Programs that know no sparse files unpack the pieces under another name than the file's.
  const slash = entry.path.lastIndexOf("/") + 1;
  const path = `${entry.path.slice(0, slash)}GNUSparseFile.0/${entry.path.slice(slash)}`;
  const header = encodePlain({ ...entry, path, sizeBytes: entry.sizeBytes + mapBytes }, pax);
  return Buffer.concat([header, map, padding(map.length)]);
}

/** `pax`: records that come first. */
function encodePlain(entry: TarEntry, pax: Map<string, Uint8Array>): Uint8Array {
  const name = Buffer.from(encodeName(entry.path));
  const target = Buffer.from(encodeName(entry.target));
  const seconds = floorSeconds(entry.modifiedNs);
  if (name.length > fields.name[1]) pax.set("path", name);
  if (target.length > fields.linkName[1]) pax.set("linkpath", target);
  if (!fitsOctal(entry.sizeBytes, fields.size[1])) pax.set("size", Buffer.from(String(entry.sizeBytes)));
  if (!fitsOctal(entry.uid, fields.uid[1])) pax.set("uid", Buffer.from(String(entry.uid)));
  if (!fitsOctal(entry.gid, fields.gid[1])) pax.set("gid", Buffer.from(String(entry.gid)));
  if (entry.modifiedNs !== BigInt(seconds) * nsPerSecond || !fitsOctal(seconds, fields.mtime[1]))
    pax.set("mtime", Buffer.from(decimalSeconds(entry.modifiedNs)));
  if (entry.accessedNs !== entry.modifiedNs) pax.set("atime", Buffer.from(decimalSeconds(entry.accessedNs)));
  for (const [key, value] of entry.xattrs) pax.set(xattrKey(key), value);
  const header = encodeHeader(entry, name, target, seconds, types[entry.kind]);
  if (pax.size === 0) return header;
  const records = encodePax(pax);
  const before = encodeHeader(
    { ...plainEntry, path: "", sizeBytes: records.length },
    Buffer.from("PaxHeader"),
    Buffer.alloc(0),
    0,
    "x",
  );
  return Buffer.concat([before, records, padding(records.length), header]);
}

/** The zeros that fill up the last block of a body. */
export function padding(sizeBytes: number): Uint8Array {
  return new Uint8Array((blockSize - (sizeBytes % blockSize)) % blockSize);
}

/** The two blocks of zeros that end an archive. */
export function archiveEnd(): Uint8Array {
  return new Uint8Array(2 * blockSize);
}

export type EntryWithBody = Partial<TarEntry> & {
  readonly path: string;
  readonly body?: Uint8Array | string;
};

/** A whole small archive at once. Sizes come from the bodies. */
export function encodeArchive(entries: readonly EntryWithBody[]): Buffer {
  const parts = entries.flatMap(({ body = "", ...entry }) => {
    const bytes = Buffer.from(body);
    return [encodeEntry({ ...plainEntry, ...entry, sizeBytes: bytes.length }), bytes, padding(bytes.length)];
  });
  return Buffer.concat([...parts, archiveEnd()]);
}

function encodeHeader(
  entry: TarEntry,
  name: Uint8Array,
  target: Uint8Array,
  seconds: number,
  type: string,
): Uint8Array {
  const block = Buffer.alloc(blockSize);
  block.set(name.subarray(0, fields.name[1]), fields.name[0]);
  block.set(target.subarray(0, fields.linkName[1]), fields.linkName[0]);
  writeOctal(block, fields.mode, entry.mode & 0o7777);
  writeOctal(block, fields.uid, entry.uid);
  writeOctal(block, fields.gid, entry.gid);
  writeOctal(block, fields.size, entry.sizeBytes);
  writeOctal(block, fields.mtime, seconds);
  block.write(type, fields.type[0], "latin1");
  block.write("ustar\u000000", fields.magic[0], "latin1");
  writeOctal(block, fields.deviceMajor, entry.deviceMajor);
  writeOctal(block, fields.deviceMinor, entry.deviceMinor);
  block.fill(" ", fields.checksum[0], fields.checksum[0] + fields.checksum[1]);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, fields.checksum[0], "latin1");
  return block;
}

function fitsOctal(value: number, length: number): boolean {
  return value >= 0 && value < 8 ** (length - 1);
}

/** A number that does not fit is zero here: a pax record holds it. */
function writeOctal(block: Buffer, [offset, length]: readonly [number, number], value: number): void {
  const digits = fitsOctal(value, length) ? value.toString(8) : "0";
  block.write(digits.padStart(length - 1, "0"), offset, "latin1");
}

const nsPerSecond = 1_000_000_000n;

function floorSeconds(ns: bigint): number {
  const seconds = ns / nsPerSecond;
  return Number(ns < 0n && seconds * nsPerSecond !== ns ? seconds - 1n : seconds);
}

function decimalSeconds(ns: bigint): string {
  const size = ns < 0n ? -ns : ns;
  return `${ns < 0n ? "-" : ""}${size / nsPerSecond}.${String(size % nsPerSecond).padStart(9, "0")}`;
}
