// Extended headers (POSIX pax): records `LENGTH KEY=VALUE\n` that overrule the fields of the header that follows.
import { InvalidParameterError } from "../base/errors.ts";

/** Later records win. Values are bytes: those of extended attributes are binary. */
export type PaxRecords = ReadonlyMap<string, Uint8Array>;

const space = 0x20;
const equals = 0x3d;
const newline = 0x0a;

/** A global header's records are copied for every entry behind it: an archive must not make that the bigger part. */
const maxRecords = 4096;

/** On top of the records `before`. @throws InvalidParameterError when a record's length does not lead from one record to the next. */
export function decodePax(bytes: Uint8Array, before: PaxRecords = new Map()): PaxRecords {
  const records = new Map(before);
  const map: string[] = [];
  for (let at = 0; at < bytes.length;) {
    // Some writers fill the block up with NULs.
    if (bytes[at] === 0) break;
    const gap = bytes.indexOf(space, at);
    const length = gap === -1 ? Number.NaN : decimal(bytes.subarray(at, gap));
    const end = at + length;
    const split = bytes.indexOf(equals, gap);
    if (!(end <= bytes.length) || split === -1 || split >= end || bytes[end - 1] !== newline)
      throw new InvalidParameterError("invalid tar header: malformed pax record");
    const key = textOf(bytes.subarray(gap + 1, split));
    const value = bytes.subarray(split + 1, end - 1);
    // The sparse format 0.0 repeats its two keys for every piece: they are collected as format 0.1 writes them.
    if (key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes") map.push(textOf(value));
    else records.set(key, value.slice());
    if (records.size > maxRecords)
      throw new InvalidParameterError(`invalid tar header: more than ${maxRecords} pax records`);
    at = end;
  }
  if (map.length > 0) records.set("GNU.sparse.map", Buffer.from(map.join(",")));
  return records;
}

/** The number that digits write; NaN for anything else, and for a length that no header has. */
function decimal(bytes: Uint8Array): number {
  if (bytes.length === 0 || bytes.length > 10 || bytes[0] === 0x30) return Number.NaN;
  let value = 0;
  for (let at = 0; at < bytes.length; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

export function encodePax(records: PaxRecords): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [key, value] of records) {
    const rest = Buffer.byteLength(key) + value.length + 3;
    // The length counts its own digits.
    let length = rest + String(rest).length;
    if (String(length).length !== String(rest).length) length = rest + String(length).length;
    parts.push(Buffer.from(`${length} ${key}=`), value, Buffer.from("\n"));
  }
  return Buffer.concat(parts);
}

/** The text of a record; `undefined` when it is not there or empty, which takes an earlier value back. */
export function paxText(records: PaxRecords, key: string): string | undefined {
  const value = records.get(key);
  return value === undefined || value.length === 0 ? undefined : textOf(value);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}

/** @throws InvalidParameterError when it is there and no whole number. */
export function paxInteger(records: PaxRecords, key: string): number | undefined {
  const text = paxText(records, key);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^-?[0-9]+$/.test(text) || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidParameterError(`invalid tar header: pax ${key} is ${JSON.stringify(text.slice(0, 40))}`);
  return value;
}

/** A time in nanoseconds since 1970, from seconds with any number of decimals. */
export function paxTime(records: PaxRecords, key: string): bigint | undefined {
  const text = paxText(records, key);
  if (text === undefined) return undefined;
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(text);
  if (match === null)
    throw new InvalidParameterError(`invalid tar header: pax ${key} is ${JSON.stringify(text.slice(0, 40))}`);
  const [, sign, seconds = "0", decimals = ""] = match;
  const ns = BigInt(seconds) * 1_000_000_000n + BigInt(decimals.slice(0, 9).padEnd(9, "0"));
  return sign === "-" ? -ns : ns;
}

const schily = "SCHILY.xattr.";
const libarchive = "LIBARCHIVE.xattr.";

/** The record for an extended attribute. A record's key ends at its first `=`: GNU tar writes one in a name as `%3D`. */
export function xattrKey(name: string): string {
  return schily + name.replaceAll("%", "%25").replaceAll("=", "%3D");
}

/** Extended attributes, as star, GNU tar and Go write them, or libarchive's base64 form. */
export function paxXattrs(records: PaxRecords): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const [key, value] of records) {
    if (key.startsWith(schily))
      found.set(key.slice(schily.length).replaceAll(/%(?:25|3D)/g, decodePercent), value);
    else if (key.startsWith(libarchive)) {
      const name = decodePercent(key.slice(libarchive.length));
      if (!found.has(name)) found.set(name, Buffer.from(Buffer.from(value).toString("latin1"), "base64"));
    }
  }
  return found;
}

function decodePercent(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
