// What an executable needs besides the kernel (System V ABI, "Program Header").

const PT_INTERP = 3;
const elfClass64 = 2;
const littleEndian = 1;

/** A static executable asks for no interpreter (the dynamic loader). `false` for what is no ELF file too. */
export function isStaticExecutable(bytes: Uint8Array): boolean {
  const headers = programHeaders(bytes);
  return headers.length > 0 && headers.every(({ type }) => type !== PT_INTERP);
}

/** Path of the dynamic loader that an executable asks for; undefined without one, and for what is no ELF file. */
export function elfInterpreter(bytes: Uint8Array): string | undefined {
  const header = programHeaders(bytes).find(({ type }) => type === PT_INTERP);
  if (header === undefined) return undefined;
  const path = bytes.subarray(header.offset, header.offset + header.sizeBytes);
  return Buffer.from(path).toString("latin1").replace(/\0.*$/s, "") || undefined;
}

type ProgramHeader = { readonly type: number; readonly offset: number; readonly sizeBytes: number };

/** Empty for what is no ELF file, or has its headers beyond `bytes`. */
function programHeaders(bytes: Uint8Array): readonly ProgramHeader[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 64 || view.getUint32(0) !== 0x7f454c46) return [];
  const is64 = bytes[4] === elfClass64;
  const little = bytes[5] === littleEndian;
  const offset = is64 ? Number(view.getBigUint64(32, little)) : view.getUint32(28, little);
  const entryBytes = view.getUint16(is64 ? 54 : 42, little);
  const entries = view.getUint16(is64 ? 56 : 44, little);
  if (offset + entries * entryBytes > bytes.length || entryBytes < (is64 ? 56 : 32)) return [];
  return Array.from({ length: entries }, (_, index) => {
    const at = offset + index * entryBytes;
    const number = (at64: number, at32: number) =>
      is64 ? Number(view.getBigUint64(at + at64, little)) : view.getUint32(at + at32, little);
    return { type: view.getUint32(at, little), offset: number(8, 4), sizeBytes: number(32, 16) };
  });
}
