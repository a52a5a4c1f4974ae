// Names in archives are bytes; names in this program are strings. The two are converted with no loss: a component that is
// not UTF-8 has each of its high bytes as a lone surrogate U+DC80..U+DCFF, which no UTF-8 text can hold (as PEP 383 does).
import type { Path } from "../sys/errno.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const slash = 0x2f;
const escapeBase = 0xdc00;

export function decodeName(bytes: Uint8Array): string {
  if (isAscii(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  const components: string[] = [];
  for (let from = 0; from <= bytes.length;) {
    const found = bytes.indexOf(slash, from);
    const to = found === -1 ? bytes.length : found;
    components.push(decodeComponent(bytes.subarray(from, to)));
    from = to + 1;
  }
  return components.join("/");
}

/** What a system call takes: the string itself where it is proper Unicode, otherwise the bytes that it stands for. */
export function encodeName(name: string): Path {
  if (name.isWellFormed()) return name;
  const parts: Uint8Array[] = [];
  for (const char of name) {
    const code = char.charCodeAt(0);
    const escaped = char.length === 1 && code >= escapeBase + 0x80 && code <= escapeBase + 0xff;
    parts.push(escaped ? Uint8Array.of(code - escapeBase) : Buffer.from(char));
  }
  return Buffer.concat(parts);
}

function decodeComponent(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : escapeBase + byte)).join("");
  }
}

function isAscii(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if ((bytes[at] ?? 0) >= 0x80) return false;
  return true;
}
