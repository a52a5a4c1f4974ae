// json-file log entries -> what `logs` answers: the text of each entry as a frame of its stream, or as it is.
//
// Entries in exactly the form that log-encoder.ts writes are decoded in one pass with no strings made; any other (Docker's
// own files, other field orders) goes through JSON.parse, one line at a time.
import { frameHeaderBytes, putFrameHeader, stderrStream, stdoutStream } from "../spec/stdcopy.ts";
import {
  afterStamp,
  backslash,
  beforeStamp,
  beforeStream,
  entryStart,
  entryTailBytes,
  newline,
  quote,
  stampBytes,
  type LogStream,
} from "./log-entry.ts";
import { byteRun, copyUnescaped, WordsOf } from "./log-words.ts";
import { normalStamp } from "./log-stamp.ts";

export type LogSelection = {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Each entry begins with its time and a space. */
  readonly timestamps: boolean;
  /** stdcopy frames, one for each entry; otherwise the bytes alone (a container with a terminal). */
  readonly framed: boolean;
  /** A stamp: nothing earlier. */
  readonly since?: string;
  /** A stamp: nothing later. */
  readonly until?: string;
};

const opening = Buffer.from(entryStart);
const closing = Buffer.from(afterStamp);
const tails: Readonly<Record<LogStream, Uint8Array>> = {
  stdout: Buffer.from(`${beforeStream}stdout${beforeStamp}`),
  stderr: Buffer.from(`${beforeStream}stderr${beforeStamp}`),
};
/** Where "stdout" and "stderr" differ first, counted from the quote that ends the text. */
const streamLetterAt = `${beforeStream}std`.length;
const letterE = 0x65;
const letterU = 0x75;
const space = 0x20;

/** What a letter after a backslash stands for; 0 where that is not one byte. */
const escapes = new Uint8Array(256);
for (const [letter, meaning] of Object.entries({
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  f: "\f",
  '"': '"',
  "\\": "\\",
  "/": "/",
}))
  escapes[letter.charCodeAt(0)] = meaning.charCodeAt(0);

const digit0 = 0x30;
const nothing = new Uint8Array(0);
const hexValues = new Int8Array(256).fill(-1);
for (const [value, digits] of [
  "0",
  "1",
  "2",
  "3",
  "4",
  "5",
  "6",
  "7",
  "8",
  "9",
  "aA",
  "bB",
  "cC",
  "dD",
  "eE",
  "fF",
].entries())
  for (const digit of digits) hexValues[digit.charCodeAt(0)] = value;

/** What became of a line; "foreign": not of our own form. */
type Outcome = "taken" | "left out" | "too late" | "incomplete" | "foreign";

/** Decodes one log, in whatever pieces it is read. */
export class LogDecoder {
  /** Bytes of input that the last `decode` dealt with: whole lines. */
  consumed = 0;
  /** Bytes of output that it made. */
  produced = 0;
  /** An entry later than `until` was met: nothing more will come. */
  finished = false;

  readonly #selection: LogSelection;
  readonly #prefixBytes: number;
  readonly #since: Uint8Array | undefined;
  readonly #until: Uint8Array | undefined;
  readonly #lastStamp = new Uint8Array(stampBytes);
  /** Where the last stamp is that was met in this piece: it is copied once, not for each line. */
  #metStamps: Uint8Array = nothing;
  #metAt = 0;
  #known: Uint8Array | undefined;
  readonly #inputWords = new WordsOf();
  readonly #outputWords = new WordsOf();
  /** Behind the line being decoded, in the input. */
  #lineEnd = 0;
  /** Behind its text, in the output. */
  #textEnd = 0;

  constructor(selection: LogSelection) {
    this.#selection = selection;
    this.#prefixBytes =
      (selection.framed ? frameHeaderBytes : 0) + (selection.timestamps ? stampBytes + 1 : 0);
    this.#since = selection.since === undefined ? undefined : Buffer.from(selection.since);
    this.#until = selection.until === undefined ? undefined : Buffer.from(selection.until);
  }

  /** Leaves out, from now on, entries up to the last one met: the place in the log has been lost. */
  skipKnown(): void {
    this.#known = this.#lastStamp.slice();
  }

  /** Decodes the whole lines of `input[0, to)`. `output` has room for `to` bytes: what goes out is never longer. */
  decode(input: Buffer, to: number, output: Uint8Array): void {
    this.consumed = 0;
    this.produced = 0;
    this.#metStamps = nothing;
    while (this.consumed < to && !this.finished) {
      let outcome = this.#ownLine(input, to, output);
      if (outcome === "foreign") outcome = this.#foreignLine(input, to, output);
      if (outcome === "incomplete") break;
      if (outcome === "taken") this.produced = this.#textEnd;
      this.finished = outcome === "too late";
      this.consumed = this.#lineEnd;
    }
    this.#lastStamp.set(this.#metStamps.subarray(this.#metAt, this.#metAt + stampBytes));
  }

  /** A line as our own encoder writes it: `{"log":"` text `","stream":"std`… with a tail of fixed length. */
  #ownLine(input: Buffer, to: number, output: Uint8Array): Outcome {
    const from = this.consumed;
    if (from + opening.length > to || !sameBytes(input, from, opening)) return "foreign";
    const words = this.#inputWords.of(input);
    const outputWords = this.#outputWords.of(output);
    let at = from + opening.length;
    let out = this.produced + this.#prefixBytes;
    // A foreign line may have more text than room; with each escape the output falls behind.
    const wordsEnd = Math.min(to, at + output.length - out);
    for (let atQuote = false; !atQuote;) {
      const copied = copyUnescaped(words, at, wordsEnd, outputWords, out);
      at += copied;
      out += copied;
      if (at >= to) return "foreign";
      let runEnd = Math.min(to, at + byteRun);
      while (at < runEnd) {
        const byte = input[at] ?? 0;
        if (byte === quote) {
          atQuote = true;
          break;
        }
        if (byte !== backslash) {
          output[out++] = byte;
          at++;
          continue;
        }
        const letter = input[at + 1] ?? 0;
        const meaning = escapes[letter] ?? 0;
        if (meaning !== 0) {
          output[out++] = meaning;
          at += 2;
        } else {
          const code = letter === letterU ? asciiEscape(input, at + 2) : -1;
          if (code === -1) return "foreign";
          output[out++] = code;
          at += 6;
        }
        runEnd = Math.min(to, at + byteRun);
      }
    }
    const lineEnd = at + entryTailBytes;
    if (lineEnd > to) return "foreign";
    const stream = input[at + streamLetterAt] === letterE ? "stderr" : "stdout";
    const tail = tails[stream];
    if (!sameBytes(input, at, tail) || !sameBytes(input, lineEnd - closing.length, closing)) return "foreign";
    this.#lineEnd = lineEnd;
    this.#textEnd = out;
    return this.#finishLine(stream, input, at + tail.length, output);
  }

  /** Any other line. One that is no log entry at all (cut by a crash of the machine) is left out. */
  #foreignLine(input: Buffer, to: number, output: Uint8Array): Outcome {
    const end = input.indexOf(newline, this.consumed);
    if (end === -1 || end >= to) return "incomplete";
    this.#lineEnd = end + 1;
    const entry = parseEntry(input.toString("utf8", this.consumed, end));
    if (entry === undefined) return "left out";
    const textAt = this.produced + this.#prefixBytes;
    // Bytes that were not UTF-8 have grown to U+FFFD: what is then longer than the line is cut.
    const text = Buffer.from(entry.log).subarray(0, this.#lineEnd - this.consumed - this.#prefixBytes);
    output.set(text, textAt);
    this.#textEnd = textAt + text.length;
    return this.#finishLine(entry.stream, Buffer.from(entry.stamp), 0, output);
  }

  /** Decides about a line whose text is in the output already, and puts what belongs in front of it. */
  #finishLine(stream: LogStream, stamps: Uint8Array, stampAt: number, output: Uint8Array): Outcome {
    if (this.#known && compareStamp(stamps, stampAt, this.#known) <= 0) return "left out";
    this.#metStamps = stamps;
    this.#metAt = stampAt;
    if (this.#since && compareStamp(stamps, stampAt, this.#since) < 0) return "left out";
    if (this.#until && compareStamp(stamps, stampAt, this.#until) > 0) return "too late";
    if (!this.#selection[stream]) return "left out";
    let at = this.produced;
    if (this.#selection.framed) {
      const streamNumber = stream === "stderr" ? stderrStream : stdoutStream;
      putFrameHeader(output, at, streamNumber, this.#textEnd - at - frameHeaderBytes);
      at += frameHeaderBytes;
    }
    if (this.#selection.timestamps) {
      for (let i = 0; i < stampBytes; i++) output[at++] = stamps[stampAt + i] ?? 0;
      output[at] = space;
    }
    return "taken";
  }
}

function sameBytes(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

function compareStamp(stamps: Uint8Array, at: number, other: Uint8Array): number {
  for (let i = 0; i < stampBytes; i++) {
    const difference = (stamps[at + i] ?? 0) - (other[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The character of the four hex digits at `at` when it is below 0x80; -1 for anything else. */
function asciiEscape(input: Uint8Array, at: number): number {
  if (input[at] !== digit0 || input[at + 1] !== digit0) return -1;
  const high = hexValues[input[at + 2] ?? 0] ?? -1;
  const low = hexValues[input[at + 3] ?? 0] ?? -1;
  return high < 0 || high > 7 || low < 0 ? -1 : high * 16 + low;
}

type Entry = { readonly log: string; readonly stream: LogStream; readonly stamp: string };

function parseEntry(line: string): Entry | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined; // half a line, or the zeros that a power cut leaves: no entry
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const { log, stream, time } = parsed as Record<string, unknown>;
  if (typeof log !== "string" || typeof time !== "string") return undefined;
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const stamp = normalStamp(time);
  return stamp === undefined ? undefined : { log, stream, stamp };
}
