// JSON lines that arrive in pieces.
import { InvalidParameterError } from "../base/errors.ts";
import { newline } from "../runtime/log-entry.ts";

/** A request holds a task or a command, not data. */
const lineBytesMax = 8 << 20;

export class LineReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Adds `bytes`, which are copied. */
  push(bytes: Uint8Array): void {
    if (this.#rest.length + bytes.length > lineBytesMax)
      throw new InvalidParameterError("a line is too long");
    this.#rest = Buffer.concat([this.#rest, bytes]);
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
