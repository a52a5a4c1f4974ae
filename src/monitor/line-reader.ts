// JSON lines that arrive in pieces.
import { InvalidParameterError } from "../base/errors.ts";
import { newline } from "../runtime/log-entry.ts";

/** A request holds a task or a command, not data. */
const lineBytesMax = 8 << 20;

export class LineReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Adds `bytes[from, to)`, of which a copy is kept as long as its line is not complete. */
  push(bytes: Uint8Array, from: number, to: number): void {
    if (this.#rest.length + to - from > lineBytesMax) throw new InvalidParameterError("a line is too long");
    this.#rest = Buffer.concat([this.#rest, bytes.subarray(from, to)]);
  }

  /** The next complete line, parsed. */
  next(): unknown {
    const end = this.#rest.indexOf(newline);
    if (end === -1) return undefined;
    const line = this.#rest.toString("utf8", 0, end);
    this.#rest = this.#rest.subarray(end + 1);
    return JSON.parse(line);
  }
}
