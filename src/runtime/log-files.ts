// The files of one log: <path> is being written, <path>.1 was before it, <path>.2 before that; those put aside may end in
// .gz. The monitor renames them at any time, so all are opened first and told apart by their inodes.
import { open, stat, type FileHandle } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { hasCode } from "../base/errors.ts";
import { newline } from "./log-entry.ts";

export type OpenLog = {
  /** Where it was when it was opened. */
  readonly path: string;
  readonly handle: FileHandle;
  readonly inode: number;
  readonly sizeBytes: number;
  readonly compressed: boolean;
};

/** Where a log put aside is, number 1 being the youngest. */
export function asidePath(path: string, number: number, compressed = false): string {
  return `${path}.${number}${compressed ? ".gz" : ""}`;
}

/** A rotation takes well under a millisecond; one that fails half-way must not keep a reader for ever. */
const attemptsMax = 50;

/**
 * All files of the log, oldest first; none when nothing has been written yet. To be closed by the caller. While a rotation
 * goes on there are gaps, and files that are there twice: so it is looked at until it holds still.
 */
export async function openLogs(path: string): Promise<OpenLog[]> {
  for (let attempt = 1; ; attempt++) {
    const logs = await openNow(path);
    if (attempt === attemptsMax || (await holdStill(logs))) return logs.toReversed();
    await closeLogs(logs);
  }
}

async function openNow(path: string): Promise<OpenLog[]> {
  const logs: OpenLog[] = [];
  const current = await openLog(path, false);
  if (current) logs.push(current);
  // A rotation that has just begun has moved the oldest, and left a gap of one before it.
  for (let number = 1, missing = 0; missing < 2; number++) {
    const log =
      (await openLog(asidePath(path, number), false)) ?? (await openLog(asidePath(path, number, true), true));
    if (log) logs.push(log);
    missing = log ? 0 : missing + 1;
  }
  return logs;
}

/** Whether all the files are still found where they were opened, the one being written among them. */
async function holdStill(logs: readonly OpenLog[]): Promise<boolean> {
  if (logs[0]?.compressed) return false;
  for (const { path, inode } of logs) if ((await inodeOf(path)) !== inode) return false;
  return true;
}

/** `undefined` when there is no such file. */
export async function inodeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ino;
  } catch (err) {
    if (hasCode(err, "ENOENT")) return undefined;
    throw err;
  }
}

export async function closeLogs(logs: readonly OpenLog[]): Promise<void> {
  for (const { handle } of logs) await handle.close();
}

async function openLog(path: string, compressed: boolean): Promise<OpenLog | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, "r");
  } catch (err) {
    if (hasCode(err, "ENOENT")) return undefined;
    throw err;
  }
  const { ino, size } = await handle.stat();
  return { path, handle, inode: ino, sizeBytes: size, compressed };
}

/** The bytes of a compressed log, piece by piece. */
export function decompress({ handle }: OpenLog): AsyncIterable<Buffer> {
  const file = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 18 });
  const pieces = createGunzip({ chunkSize: 1 << 18 });
  file.on("error", (err) => pieces.destroy(err));
  return file.pipe(pieces);
}

/** Where reading begins: at a byte of a plain log, after so many lines of a compressed one. */
export type LogStart = { readonly log: OpenLog; readonly offset: number; readonly skipLines: number };

/** The logs that hold the last `tail` lines (`undefined`: all), oldest first, and where they begin in each. */
export async function lastLines(logs: readonly OpenLog[], tail: number | undefined): Promise<LogStart[]> {
  if (tail === undefined) return logs.map((log) => ({ log, offset: 0, skipLines: 0 }));
  const starts: LogStart[] = [];
  let wanted = tail;
  for (const log of logs.toReversed()) {
    const { start, lines } = await (log.compressed ? lastCompressed(log, wanted) : lastPlain(log, wanted));
    starts.push(start);
    wanted -= lines;
    if (wanted <= 0) break;
  }
  return starts.toReversed();
}

type Counted = { readonly start: LogStart; readonly lines: number };

/** Goes back from the end, so that a short tail of a huge log costs one read. */
async function lastPlain(log: OpenLog, wanted: number): Promise<Counted> {
  const block = Buffer.allocUnsafe(1 << 16);
  let lines = -1; // the newline that ends the last line begins nothing that is wanted
  for (let to = log.sizeBytes; to > 0;) {
    const from = Math.max(0, to - block.length);
    const { bytesRead } = await log.handle.read(block, 0, to - from, from);
    for (let at = bytesRead; at > 0;) {
      at = block.lastIndexOf(newline, at - 1);
      if (at === -1) break;
      lines++;
      if (lines === wanted) return { start: { log, offset: from + at + 1, skipLines: 0 }, lines };
    }
    to = from;
  }
  return { start: { log, offset: 0, skipLines: 0 }, lines: lines + 1 };
}

async function lastCompressed(log: OpenLog, wanted: number): Promise<Counted> {
  let lines = 0;
  for await (const piece of decompress(log))
    for (let at = piece.indexOf(newline); at !== -1; at = piece.indexOf(newline, at + 1)) lines++;
  const skipLines = Math.max(0, lines - wanted);
  return { start: { log, offset: 0, skipLines }, lines: lines - skipLines };
}
