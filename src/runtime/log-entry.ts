// The json-file log format, as Docker's: one JSON object a line,
//
//   {"log":"text\n","stream":"stdout","time":"2026-01-02T03:04:05.678901234Z"}
//
// A line of output longer than 16 KiB is several entries; all but its last have no "\n" at the end of "log". We always
// write all nine digits of the time (Docker drops zeros at the end), so that everything after the text has a fixed
// length, and time stamps can be compared as bytes.

export const logPieceBytes = 16 * 1024;

export const newline = 0x0a;
export const quote = 0x22;
export const backslash = 0x5c;

export type LogStream = "stdout" | "stderr";

export const entryStart = '{"log":"';

/** What follows the text: `","stream":"stdout","time":"`, a stamp, `"}\n`. */
export const beforeStream = '","stream":"';
export const beforeStamp = '","time":"';
export const afterStamp = '"}\n';

/** `2026-01-02T03:04:05.678901234Z` */
export const stampBytes = 30;

/** From the quote that ends the text to the end of the line. */
export const entryTailBytes =
  beforeStream.length + "stdout".length + beforeStamp.length + stampBytes + afterStamp.length;

/** The most that one entry can take: every byte of its text written as \u0000. */
export const entryBytesMax = entryStart.length + 6 * logPieceBytes + "\\n".length + entryTailBytes;
