// Copying the text of log entries eight bytes at a time, as far as it needs no look at single bytes.
//
// Which of a word's four bytes are marked is told by arithmetic on all four at once: a byte's highest bit is set where it is
// below a bound (subtracting the bound borrows from the next one, and the byte itself has that bit clear). What a borrow may
// mark by mistake lies behind the first real mark, and the first is all that is asked for.

/** So much is copied at once: the output needs as much room behind what they are asked to copy. */
const stepBytes = 8;

/** What needs a look comes in company, and a step is taken in vain before each: so many bytes are looked at by themselves. */
export const byteRun = 16;

const highBits = 0x80808080;
const ones = 0x01010101;
const spaces = 0x20202020;
const quotes = 0x22222222;
const backslashes = 0x5c5c5c5c;

/**
 * Copies `input[at, end)` up to the first byte that a JSON string does not hold as it is: a control character, a quote, a
 * backslash, and any of 0x80 and above.
 * @returns how many bytes: fewer than there are where less than a step is left, too.
 */
export function copyPlain(input: DataView, at: number, end: number, output: DataView, out: number): number {
  return copyUpTo(everyMark, input, at, end, output, out);
}

/** The same up to the first byte that means something in a JSON string: a quote or a backslash. */
export function copyUnescaped(
  input: DataView,
  at: number,
  end: number,
  output: DataView,
  out: number,
): number {
  return copyUpTo(noOtherMark, input, at, end, output, out);
}

/** Which marks count besides those of quotes and backslashes. */
const everyMark = -1;
const noOtherMark = 0;

function copyUpTo(
  others: number,
  input: DataView,
  at: number,
  end: number,
  output: DataView,
  out: number,
): number {
  let copied = 0;
  for (; at + copied + stepBytes <= end; copied += stepBytes) {
    const low = input.getInt32(at + copied, true);
    const high = input.getInt32(at + copied + 4, true);
    output.setInt32(out + copied, low, true);
    output.setInt32(out + copied + 4, high, true);
    const lowMarks = marksOf(low, others);
    const highMarks = marksOf(high, others);
    if ((lowMarks | highMarks) !== 0) return copied + firstOf(lowMarks, highMarks);
  }
  return copied;
}

function marksOf(word: number, others: number): number {
  const escaping = zeros(word ^ quotes) | zeros(word ^ backslashes);
  return (escaping | ((belowSpace(word) | word) & others)) & highBits;
}

/** Marks the bytes that are 0. */
function zeros(word: number): number {
  return (word - ones) & ~word;
}

/** Marks the bytes below 0x20. */
function belowSpace(word: number): number {
  return (word - spaces) & ~word;
}

/** The place of the first of eight bytes that is marked: the lowest, words being read with their first byte lowest. */
function firstOf(lowMarks: number, highMarks: number): number {
  return lowMarks === 0 ? 4 + lowestByte(highMarks) : lowestByte(lowMarks);
}

function lowestByte(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >> 3;
}

/** A view of the same memory, made anew only where that has changed. */
export class WordsOf {
  #bytes: Uint8Array | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  of(bytes: Uint8Array): DataView {
    if (this.#bytes !== bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#view;
  }
}
