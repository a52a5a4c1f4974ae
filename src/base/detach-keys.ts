// Detach keys: the sequence on a terminal's input that lets the client go and the container run on.
import { InvalidParameterError } from "./errors.ts";

/** ctrl-p, ctrl-q: what dockerd takes when none are given. */
export const defaultDetachKeys: Uint8Array = Uint8Array.of(16, 17);

const controls = "@abcdefghijklmnopqrstuvwxyz[\\]^_";

/** `ctrl-p,ctrl-q`, `ctrl-@`, `a,b,DEL`: single bytes or control keys, separated by commas. The empty text means the default. */
export function parseDetachKeys(text: string): Uint8Array {
  if (text === "") return defaultDetachKeys;
  return Uint8Array.from(text.split(","), (key) => {
    const code = keyCode(key);
    if (code === undefined) throw new InvalidParameterError(`Invalid detach keys (${text}) provided`);
    return code;
  });
}

function keyCode(key: string): number | undefined {
  if (key === "DEL") return 127;
  if (key.length === 1 && key.charCodeAt(0) < 128) return key.charCodeAt(0);
  const control = /^ctrl-(.)$/.exec(key)?.[1];
  const code = control === undefined ? -1 : controls.indexOf(control);
  return code < 0 ? undefined : code;
}

export type Scanned = {
  /** What goes on to the container: input that turned out not to be the sequence. */
  readonly pass: Uint8Array;
  readonly detached: boolean;
};

/**
 * Watches a stream for `keys`, which may arrive split over chunks. A beginning of the sequence is held back until the
 * next byte decides; what follows the whole sequence is dropped, since the client has left.
 */
export function detachScanner(keys: Uint8Array): (chunk: Uint8Array) => Scanned {
  let matched = 0;
  return (chunk) => {
    const first = keys[0];
    if (matched === 0 && (first === undefined || !chunk.includes(first)))
      return { pass: chunk, detached: false };
    const pass = new Uint8Array(matched + chunk.length);
    let length = 0;
    for (const byte of chunk) {
      while (matched > 0 && byte !== keys[matched]) {
        // The longest proper prefix that still fits decides how much of what was held back is set free.
        const shorter = longestBorder(keys, matched);
        pass.set(keys.subarray(0, matched - shorter), length);
        length += matched - shorter;
        matched = shorter;
      }
      if (byte !== keys[matched]) {
        pass[length] = byte;
        length += 1;
        continue;
      }
      matched += 1;
      if (matched === keys.length) return { pass: pass.subarray(0, length), detached: true };
    }
    return { pass: pass.subarray(0, length), detached: false };
  };
}

/** Length of the longest proper prefix of `keys[0..length)` that is also its suffix; sequences are a few keys long. */
function longestBorder(keys: Uint8Array, length: number): number {
  for (let border = length - 1; border > 0; border--)
    if (keys.subarray(0, border).every((key, i) => key === keys[length - border + i])) return border;
  return 0;
}
