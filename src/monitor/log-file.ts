// Writing one container's json-file log: append, put aside what has grown too large, and never let a disk that is full
// or broken stop the container.
import { existsSync, fstatSync, ftruncateSync, readSync, renameSync, rmSync } from "node:fs";
import { errorText } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { entryBytesMax, newline } from "../runtime/log-entry.ts";
import { asidePath } from "../runtime/log-files.ts";
import type { LogSpec } from "../runtime/monitor-protocol.ts";
import { closeFd, O_APPEND, O_CREAT, O_RDWR, openFile, write } from "../sys/file.ts";

/**
 * Compresses what is `source` at the time of the call into the new file `target`, out of the loop's way, and tells later
 * whether it worked.
 */
export type Compress = (source: string, target: string, done: (ok: boolean) => void) => void;

const logMode = 0o640;
const warnEveryMs = 60_000;

export class LogFile {
  readonly #spec: LogSpec;
  readonly #log: Log;
  readonly #compress: Compress;
  #fd: number | undefined;
  #sizeBytes = 0;
  /** The number that the file being compressed has by now. */
  #compressing: number | undefined;
  #droppedBytes = 0;
  #warnedAtMs = -Infinity;

  constructor(spec: LogSpec, log: Log, compress: Compress) {
    this.#spec = spec;
    this.#log = log;
    this.#compress = compress;
    rmSync(this.#compressedTemp, { force: true }); // of a monitor that died meanwhile
    this.#attempt("log cannot be opened", () => this.#open());
  }

  /** Appends the whole entries of `entries[0, length)`. What cannot be written is dropped, counted and said in the log. */
  append(entries: Uint8Array, length: number): void {
    for (let at = 0; at < length;) {
      const room = this.#spec.maxSizeBytes - this.#sizeBytes;
      const limited = this.#spec.maxSizeBytes > 0 && length - at > room;
      // As Docker: the entry that reaches the size is the last one of its file.
      const end = limited ? entries.indexOf(newline, at + Math.max(0, room - 1)) + 1 || length : length;
      if (limited && room <= 0) {
        this.#attempt("log cannot be rotated", () => this.#rotate());
        if (this.#sizeBytes < this.#spec.maxSizeBytes) continue;
        this.#sizeBytes = 0; // could not be put aside: goes on in the same file for another round
      }
      this.#attempt("log cannot be written, output dropped", () => this.#write(entries, at, end));
      at = end;
    }
  }

  close(): void {
    if (this.#droppedBytes > 0) this.#warn("log is not complete");
    this.#letGo();
  }

  get #compressedTemp(): string {
    return `${this.#spec.path}.gz.tmp`;
  }

  #open(): number {
    const fd = openFile(this.#spec.path, O_RDWR | O_APPEND | O_CREAT, logMode);
    this.#fd = fd;
    this.#sizeBytes = repairEnd(fd);
    return fd;
  }

  #letGo(): void {
    if (this.#fd !== undefined) closeFd(this.#fd);
    this.#fd = undefined;
  }

  #write(entries: Uint8Array, from: number, to: number): void {
    let at = from;
    let whole = from;
    try {
      const fd = this.#fd ?? this.#open();
      while (at < to) at += write(fd, entries, at, to - at) ?? 0;
      whole = to;
    } finally {
      // The entries that fitted stay, half an entry goes. (The size is asked for: somebody may have emptied the file.)
      if (at < to && at > from) whole = Math.max(from, entries.lastIndexOf(newline, at - 1) + 1);
      if (whole < at && this.#fd !== undefined)
        ftruncateSync(this.#fd, Math.max(0, fstatSync(this.#fd).size - (at - whole)));
      this.#sizeBytes += whole - from;
      this.#droppedBytes += to - whole;
    }
  }

  /** path -> path.1 -> path.2 …; with one file to keep, the log begins anew. Readers go by inode, so none is reused. */
  #rotate(): void {
    const { path, maxFiles, compress } = this.#spec;
    this.#letGo();
    const oldest = maxFiles - 1;
    if (oldest < 1) rmSync(path, { force: true });
    else {
      for (const compressed of [false, true]) {
        rmSync(asidePath(path, oldest, compressed), { force: true });
        for (let number = oldest - 1; number >= 1; number--)
          renameIfThere(asidePath(path, number, compressed), asidePath(path, number + 1, compressed));
      }
      renameIfThere(path, asidePath(path, 1));
      if (this.#compressing !== undefined) this.#compressing++;
      if (compress) this.#compressNext();
    }
    this.#open();
  }

  /** One at a time, the oldest first; the file may be renamed by further rotations meanwhile. */
  #compressNext(): void {
    const { path, maxFiles } = this.#spec;
    if (this.#compressing !== undefined) return;
    let number = maxFiles - 1;
    while (number >= 1 && !existsSync(asidePath(path, number))) number--;
    if (number < 1) return;
    this.#compressing = number;
    this.#compress(asidePath(path, number), this.#compressedTemp, (ok) => {
      const now = this.#compressing ?? maxFiles;
      this.#compressing = undefined;
      if (!ok) this.#warn("log file cannot be compressed");
      if (!ok || now >= maxFiles) rmSync(this.#compressedTemp, { force: true });
      else {
        renameSync(this.#compressedTemp, asidePath(path, now, true));
        rmSync(asidePath(path, now), { force: true });
      }
      if (ok) this.#compressNext();
    });
  }

  #attempt(what: string, act: () => void): boolean {
    try {
      act();
      return true;
    } catch (err) {
      // At the rate of a busy container's reads this would fill the disk by itself.
      if (performance.now() - this.#warnedAtMs > warnEveryMs) {
        this.#warnedAtMs = performance.now();
        this.#warn(what, err);
      }
      return false;
    }
  }

  #warn(what: string, err?: unknown): void {
    const error = err === undefined ? {} : { error: errorText(err) };
    this.#log.warn(what, { path: this.#spec.path, droppedBytes: this.#droppedBytes, ...error });
  }
}

function renameIfThere(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to);
}

/** Takes away half an entry that a monitor killed in mid-write left at the end. Returns the size. */
function repairEnd(fd: number): number {
  const { size } = fstatSync(fd);
  const block = Buffer.alloc(Math.min(size, 2 * entryBytesMax));
  readSync(fd, block, 0, block.length, size - block.length);
  const lastNewline = block.lastIndexOf(newline);
  const whole = size - block.length + lastNewline + 1;
  const isOurs = lastNewline !== -1 || block.length === size;
  if (whole === size || !isOurs) return size;
  ftruncateSync(fd, whole);
  return whole;
}
