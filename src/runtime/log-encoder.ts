// Output bytes -> json-file log entries, in one pass over the bytes.
import type { WallTime } from "../sys/clock.ts";
import {
  afterStamp,
  backslash,
  beforeStamp,
  beforeStream,
  entryBytesMax,
  entryStart,
  logPieceBytes,
  newline,
  quote,
  stampBytes,
  type LogStream,
} from "./log-entry.ts";
import { StampClock } from "./log-stamp.ts";
import { byteRun, copyPlain, WordsOf } from "./log-words.ts";
import { firstLead, lastLead, sequenceLength } from "./log-utf8.ts";

/** What a byte needs inside a JSON string. */
const plain = 0;
const escaped = 1;
const control = 2;
const sequence = 3;
const stray = 4;

const needs = new Uint8Array(256);
needs.fill(control, 0, 0x20);
needs[quote] = escaped;
needs[backslash] = escaped;
needs.fill(stray, 0x80);
needs.fill(sequence, firstLead, lastLead + 1);

const letterU = 0x75;
const digit0 = 0x30;
const hexDigits = Buffer.from("0123456789abcdef");

/**
 * Everything between two texts: `\n","stream":"stdout","time":"…"}` newline `{"log":"`. So an entry costs one copy
 * besides its text. The start of the next entry is written with each, and does not count until that entry ends.
 */
const opening = Buffer.from(entryStart);
const streamAt = `\\n${beforeStream}`.length;
const stampAt = `\\n${beforeStream}stdout${beforeStamp}`.length;
const endOfPieceAt = "\\n".length;

/** Encodes for any number of logs, one after the other. */
export class LogEncoder {
  /** Bytes of input that the last `encode` took. */
  consumed = 0;
  /** Bytes of `output` that it made. */
  produced = 0;
  /** Entries, ready to be written. */
  readonly output: Uint8Array;

  readonly #seam = Buffer.from(
    `\\n${beforeStream}stdout${beforeStamp}${" ".repeat(stampBytes)}${afterStamp}${entryStart}`,
  );
  readonly #outputWords: DataView;
  readonly #words = new WordsOf();
  readonly #seamOfPiece = this.#seam.subarray(endOfPieceAt);
  readonly #clock: StampClock;

  /** `outputBytes`: room for the entries of one `encode`; at least `entryBytesMax` and some. */
  constructor(outputBytes: number, now?: () => WallTime) {
    this.output = new Uint8Array(outputBytes);
    this.#outputWords = new DataView(this.output.buffer);
    this.#clock = new StampClock(this.#seam.subarray(stampAt, stampAt + stampBytes), now);
  }

  /** Takes the time for the entries to come. Once for each read of a container's output. */
  look(): void {
    this.#clock.look();
  }

  /**
   * Encodes whole entries of `input[from, to)`, as many as there are and as have room: a line, or a piece of 16 KiB of a
   * longer one. What follows the last newline is not consumed unless `ended` says that nothing will follow. Bytes
   * that are not UTF-8 become U+FFFD, one for each byte, as Docker does. To be called until nothing is consumed.
   */
  encode(input: Uint8Array, from: number, to: number, ended: boolean, stream: LogStream): void {
    const output = this.output;
    const words = this.#words.of(input);
    const outputWords = this.#outputWords;
    this.#seam.write(stream, streamAt, "latin1");
    output.set(opening, 0);
    let at = from;
    let out = opening.length;
    this.consumed = 0;
    this.produced = 0;
    while (at < to && out + entryBytesMax <= output.length) {
      const isPiece = to - at >= logPieceBytes;
      let end = isPiece ? at + logPieceBytes : to;
      let lineEnded = false;
      while (at < end && !lineEnded) {
        const copied = copyPlain(words, at, end, outputWords, out);
        at += copied;
        out += copied;
        let runEnd = Math.min(end, at + byteRun);
        while (at < runEnd) {
          const byte = input[at] ?? 0;
          const need = needs[byte];
          if (need === plain) {
            output[out++] = byte;
            at++;
            continue;
          }
          if (byte === newline) {
            at++;
            lineEnded = true;
            break;
          }
          if (need === escaped) {
            output[out++] = backslash;
            output[out++] = byte;
            at++;
          } else if (need === control) {
            output[out++] = backslash;
            output[out++] = letterU;
            output[out++] = digit0;
            output[out++] = digit0;
            output[out++] = digit0 + (byte >> 4);
            output[out++] = hexDigits[byte & 15] ?? 0;
            at++;
          } else {
            const length = need === stray ? 0 : sequenceLength(input, at, to);
            if (length === 0 || (ended && at + length > to)) {
              output[out++] = 0xef;
              output[out++] = 0xbf;
              output[out++] = 0xbd;
              at++;
            } else if (at + length > end) {
              end = at; // a character across the end of a piece belongs to the next one
            } else {
              for (const next = at + length; at < next; at++) output[out++] = input[at] ?? 0;
            }
          }
          runEnd = Math.min(end, at + byteRun);
        }
      }
      if (!lineEnded && !isPiece && !ended) break;
      const seam = lineEnded ? this.#seam : this.#seamOfPiece;
      output.set(seam, out);
      out += seam.length;
      this.#clock.next();
      this.consumed = at - from;
      this.produced = out - opening.length;
    }
  }
}
