// Time stamps of log entries: RFC 3339, UTC, always nine digits.
import { wallTime, type WallTime } from "../sys/clock.ts";
import { stampBytes } from "./log-entry.ts";

/** A point in time since 1970 as `2026-01-02T03:04:05.678901234Z`. */
export function formatStamp({ seconds, nanoseconds }: WallTime): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${whole}.${String(nanoseconds).padStart(9, "0")}Z`;
}

/** An RFC 3339 time with any number of digits and any zone as a stamp; `undefined` when it is no time. */
export function normalStamp(time: string): string | undefined {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(time);
  if (!parts) return undefined;
  const [, whole = "", fraction = "", zone = ""] = parts;
  const ms = Date.parse(`${whole}${zone}`);
  if (Number.isNaN(ms)) return undefined;
  return formatStamp({ seconds: ms / 1000, nanoseconds: Number(fraction.padEnd(9, "0")) });
}

const digit0 = 0x30;
const digit9 = 0x39;
const lastDigit = stampBytes - 2;
const firstFraction = stampBytes - 10;

/**
 * Stamps that never repeat and never go back while this process lives, so a reader can go on "after the last one I saw".
 * The clock is asked once for each read of a container's output (`look`); the entries of that read follow at one
 * nanosecond's distance (`next`), which costs a few instructions instead of a system call and a date's formatting.
 */
export class StampClock {
  /** The current stamp, as ASCII, in its place in a larger text. */
  readonly #text: Uint8Array;
  readonly #now: () => WallTime;
  #seconds = -1;
  #nanoseconds = 0;
  #shownSecond = -1;

  /** Keeps the stamp written in `text`, which has `stampBytes` bytes. */
  constructor(text: Uint8Array, now: () => WallTime = wallTime) {
    this.#text = text;
    this.#now = now;
    this.look();
  }

  look(): void {
    const { seconds, nanoseconds } = this.#now();
    const ahead = seconds > this.#seconds || (seconds === this.#seconds && nanoseconds > this.#nanoseconds);
    if (!ahead) return this.next();
    this.#seconds = seconds;
    this.#nanoseconds = nanoseconds;
    return this.#write();
  }

  next(): void {
    if (++this.#nanoseconds === 1_000_000_000) {
      this.#seconds++;
      this.#nanoseconds = 0;
      return this.#write();
    }
    let at = lastDigit;
    while (this.#text[at] === digit9) this.#text[at--] = digit0;
    this.#text[at] = (this.#text[at] ?? digit0) + 1;
    return undefined;
  }

  #write(): void {
    if (this.#shownSecond !== this.#seconds) {
      this.#shownSecond = this.#seconds;
      this.#text.set(Buffer.from(formatStamp({ seconds: this.#seconds, nanoseconds: 0 })));
    }
    let rest = this.#nanoseconds;
    for (let at = lastDigit; at >= firstFraction; at--) {
      this.#text[at] = digit0 + (rest % 10);
      rest = Math.trunc(rest / 10);
    }
  }
}
