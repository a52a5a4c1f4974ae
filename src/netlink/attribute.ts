// Netlink attributes: type, length, value, padded to 4 bytes; a value may be attributes again (include/uapi/linux/netlink.h).
//
//   0        2        4
//   | length | type   | value … | padding |     length counts the header, not the padding;
//                                             the upper two bits of the type are flags
import { SystemError } from "../base/errors.ts";

/** What came from a netlink socket does not have the shape that the kernel promises. */
export class NetlinkFormatError extends SystemError {}

export type Attribute = {
  /** 0 to 16383. */
  readonly type: number;
  /** Attributes in here are sent as a nested value; read back they are bytes, to be given to `decodeAttributes`. */
  readonly value: Uint8Array | readonly Attribute[];
};

/** Attributes as they are read: of two with the same type the last one counts, as in the kernel's own parser. */
export type AttributeMap = ReadonlyMap<number, Uint8Array>;

const headerBytes = 4;
const NLA_F_NESTED = 0x8000;
const typeMask = 0x3fff;

/** Lengths are rounded up to this in headers, attributes and messages alike. */
export function aligned(length: number): number {
  return (length + 3) & ~3;
}

/** The bytes of a list of attributes. A value of more than 65531 bytes does not fit its length field. */
export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array {
  const parts = attributes.map(({ type, value }) =>
    value instanceof Uint8Array
      ? { type, value }
      : { type: type | NLA_F_NESTED, value: encodeAttributes(value) },
  );
  const sizes = parts.map(({ value }) => aligned(headerBytes + value.length));
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [index, { type, value }] of parts.entries()) {
    const length = headerBytes + value.length;
    if (length > 0xffff) throw new NetlinkFormatError(`an attribute of ${value.length} bytes is too long`);
    view.setUint16(at, length, true);
    view.setUint16(at + 2, type, true);
    bytes.set(value, at + headerBytes);
    at += sizes[index] ?? 0;
  }
  return bytes;
}

/** The attributes in `bytes`, each value a view into them. */
export function decodeAttributes(bytes: Uint8Array): AttributeMap {
  const found = new Map<number, Uint8Array>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at + headerBytes <= bytes.length) {
    const length = view.getUint16(at, true);
    if (length < headerBytes || at + length > bytes.length)
      throw new NetlinkFormatError(`an attribute of ${length} bytes in ${bytes.length - at}`);
    found.set(view.getUint16(at + 2, true) & typeMask, bytes.subarray(at + headerBytes, at + length));
    at += aligned(length);
  }
  return found;
}

export function u8(value: number): Uint8Array {
  return Uint8Array.of(value);
}

export function u16(value: number): Uint8Array {
  return new Uint8Array(Uint16Array.of(value).buffer);
}

export function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** Text with the NUL that the kernel wants at its end. */
export function text(value: string): Uint8Array {
  return Buffer.from(`${value}\0`);
}

/** A 32-bit number; `undefined` when the attribute is not there. */
export function readU32(attributes: AttributeMap, type: number): number | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  if (value.length < 4)
    throw new NetlinkFormatError(`attribute ${type} has ${value.length} bytes for a number`);
  return new DataView(value.buffer, value.byteOffset).getUint32(0, true);
}

/** Text up to its NUL, if it has one; `undefined` when the attribute is not there. */
export function readText(attributes: AttributeMap, type: number): string | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return Buffer.from(end === -1 ? value : value.subarray(0, end)).toString();
}
