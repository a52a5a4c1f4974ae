// One 512-byte header block of a tar archive: POSIX ustar, GNU, star and the old V7 form (pax specification, "ustar
// Interchange Format"; GNU tar manual, "Basic Tar Format").
import { InvalidParameterError } from "../base/errors.ts";

export const blockSize = 512;

/** Where the fields of a header lie: [offset, length]. */
export const fields = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  deviceMajor: [329, 8],
  deviceMinor: [337, 8],
  prefix: [345, 155],
} as const;

type Field = readonly [offset: number, length: number];

export type TarHeader = {
  /** Raw bytes: they are not always UTF-8. */
  readonly name: Uint8Array;
  readonly linkName: Uint8Array;
  /** The type flag; "0" for a NUL. */
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
};

export function isZeroBlock(block: Uint8Array): boolean {
  for (let at = 0; at < blockSize; at++) if (block[at] !== 0) return false;
  return true;
}

/**
 * Whether the checksum field is that of the block: some old writers summed signed bytes.
 * Also the test by which a tar archive is told from anything else.
 */
export function hasHeaderChecksum(block: Uint8Array): boolean {
  const [from, length] = fields.checksum;
  let unsigned = 0;
  let signed = 0;
  for (let at = 0; at < blockSize; at++) {
    const byte = at >= from && at < from + length ? 0x20 : (block[at] ?? 0);
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100;
  }
  const written = readOctal(block, fields.checksum);
  return written === unsigned || written === signed;
}

/** @throws InvalidParameterError when the block is no header. */
export function decodeHeader(block: Uint8Array): TarHeader {
  if (!hasHeaderChecksum(block)) throw new InvalidParameterError("invalid tar header");
  const type = String.fromCharCode(block[fields.type[0]] || 0x30);
  return {
    name: fullName(block),
    linkName: textBytes(block, fields.linkName),
    type,
    mode: readNumber(block, fields.mode, "mode"),
    uid: readNumber(block, fields.uid, "uid"),
    gid: readNumber(block, fields.gid, "gid"),
    sizeBytes: readNumber(block, fields.size, "size"),
    mtime: readNumber(block, fields.mtime, "mtime"),
    // Writers leave rubbish here where it does not count.
    deviceMajor: isDevice(type) ? readNumber(block, fields.deviceMajor, "device number") : 0,
    deviceMinor: isDevice(type) ? readNumber(block, fields.deviceMinor, "device number") : 0,
  };
}

function isDevice(type: string): boolean {
  return type === "3" || type === "4";
}

/** ustar puts the front part of a long path into a field of its own; GNU and V7 have other things there. */
function fullName(block: Uint8Array): Uint8Array {
  const name = textBytes(block, fields.name);
  if (!holds(block, fields.magic[0], "ustar\0")) return name;
  const isStar = holds(block, 508, "tar\0");
  const prefix = textBytes(block, isStar ? [fields.prefix[0], 131] : fields.prefix);
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from("/"), name]);
}

function holds(block: Uint8Array, offset: number, text: string): boolean {
  for (let at = 0; at < text.length; at++) if (block[offset + at] !== text.charCodeAt(at)) return false;
  return true;
}

/** The bytes of a field up to its NUL, copied: the block's memory is used again. */
function textBytes(block: Uint8Array, [offset, length]: Field): Uint8Array {
  let end = offset;
  while (end < offset + length && block[end] !== 0) end++;
  return new Uint8Array(block.subarray(offset, end));
}

/** Octal digits between spaces and NULs, or GNU's base-256 with the top bit set (negative ones begin with 0xff). */
export function readNumber(block: Uint8Array, field: Field, what: string): number {
  const [offset, length] = field;
  const first = block[offset] ?? 0;
  const value = first < 0x80 ? readOctal(block, field) : readBase256(block, offset, length);
  if (value === undefined || !Number.isSafeInteger(value))
    throw new InvalidParameterError(`invalid tar header: ${what} cannot be read`);
  if (value < 0 && what !== "mtime")
    throw new InvalidParameterError(`invalid tar header: negative ${what} ${value}`);
  return value;
}

function readOctal(block: Uint8Array, [offset, length]: Field): number | undefined {
  let value = 0;
  let at = offset;
  const end = offset + length;
  while (at < end && block[at] === 0x20) at++;
  for (; at < end; at++) {
    const byte = block[at] ?? 0;
    if (byte === 0 || byte === 0x20) break;
    if (byte < 0x30 || byte > 0x37) return undefined;
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

function readBase256(block: Uint8Array, offset: number, length: number): number {
  const negative = block[offset] === 0xff;
  let value = negative ? -1n : BigInt((block[offset] ?? 0) & 0x7f);
  for (let at = offset + 1; at < offset + length; at++) value = value * 256n + BigInt(block[at] ?? 0);
  return Number(value);
}
