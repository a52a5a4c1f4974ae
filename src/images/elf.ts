// Whether an executable needs nothing but the kernel (System V ABI, "Program Header").

const PT_INTERP = 3;
const elfClass64 = 2;
const littleEndian = 1;

/** A static executable asks for no interpreter (the dynamic loader). `false` for what is no ELF file too. */
export function isStaticExecutable(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 64 || view.getUint32(0) !== 0x7f454c46) return false;
  const is64 = bytes[4] === elfClass64;
  const little = bytes[5] === littleEndian;
  const offset = is64 ? Number(view.getBigUint64(32, little)) : view.getUint32(28, little);
  const entryBytes = view.getUint16(is64 ? 54 : 42, little);
  const entries = view.getUint16(is64 ? 56 : 44, little);
  if (entries === 0 || offset + entries * entryBytes > bytes.length || entryBytes < 4) return false;
  for (let at = 0; at < entries; at++)
    if (view.getUint32(offset + at * entryBytes, little) === PT_INTERP) return false;
  return true;
}
