// Printing what the daemon says while it works on images: on a terminal with a line for each layer that is written over
// as it goes on, elsewhere one line for each step.

import { bodyLines } from "../client/json-lines.ts";
import type { ProgressMessage } from "../spec/docker-images.ts";
import { CommandError } from "./failure.ts";
import { humanSize } from "./format/words.ts";
import type { Output, WindowSize } from "./streams.ts";

/** @throws CommandError with the daemon's words when it reports a failure in the middle. */
export async function printProgress(body: AsyncIterable<Uint8Array>, to: Output): Promise<void> {
  const window = await to.windowSize();
  const show = window === undefined ? plainLines(to) : movingLines(to, window);
  for await (const line of bodyLines(body)) {
    const message = JSON.parse(line) as ProgressMessage;
    if (message.errorDetail || message.error)
      throw new CommandError(message.errorDetail?.message ?? message.error ?? "");
    await show(message);
  }
}

type Show = (message: ProgressMessage) => Promise<void>;

const sizeKnown = ({ progressDetail }: ProgressMessage): boolean => Boolean(progressDetail?.total);

/** Progress in between only makes sense where lines can be written over. */
function plainLines(to: Output): Show {
  return async (message) => {
    if (message.stream !== undefined) await to.write(message.stream);
    else if (message.status !== undefined && !sizeKnown(message)) await to.write(`${statusLine(message)}\n`);
  };
}

const clearLine = "\u001b[2K\r";

function movingLines(to: Output, { columns }: WindowSize): Show {
  /** Which line, counted from the first of the group, belongs to an id. */
  const lines = new Map<string, number>();
  const speeds = new Speeds();
  return async (message) => {
    if (message.stream !== undefined) {
      lines.clear();
      await to.write(message.stream);
      return;
    }
    if (message.status === undefined) return;
    const progress = sizeKnown(message)
      ? ` ${progressBar(message, columns, speeds.of(message, performance.now()))}`
      : "";
    const text = `${clearLine}${statusLine(message)}${progress}`;
    const at = message.id === undefined ? undefined : lines.get(message.id);
    if (at !== undefined) {
      const up = lines.size - at;
      await to.write(`\u001b[${up}A${text}\r\u001b[${up}B`);
      return;
    }
    if (message.id === undefined) lines.clear();
    else lines.set(message.id, lines.size);
    await to.write(`${text}\n`);
  };
}

function statusLine({ id, status = "" }: ProgressMessage): string {
  return id === undefined ? status : `${id}: ${status}`;
}

/** How fast each line's bytes come: over some seconds, so that it does not jump. */
export class Speeds {
  readonly #seen = new Map<
    string,
    { status: string; samples: { readonly ms: number; readonly bytes: number }[] }
  >();

  /** Bytes a second; undefined until that can be said. */
  of({ id = "", status = "", progressDetail }: ProgressMessage, nowMs: number): number | undefined {
    const bytes = progressDetail?.current ?? 0;
    let seen = this.#seen.get(id);
    if (seen?.status !== status) {
      // What is there from an earlier download was not fetched now.
      seen = { status, samples: [] };
      this.#seen.set(id, seen);
    }
    seen.samples.push({ ms: nowMs, bytes });
    while (seen.samples.length > 2 && nowMs - (seen.samples[0]?.ms ?? 0) > windowMs) seen.samples.shift();
    const [first] = seen.samples;
    if (first === undefined || nowMs - first.ms < shortestMs) return undefined;
    return ((bytes - first.bytes) * 1000) / (nowMs - first.ms);
  }
}

const windowMs = 5_000;
const shortestMs = 500;

/** Narrower terminals get the numbers only. */
const barFrom = 110;
const barLetters = 40;

/** "[=====>     ]  1.2MB/3.4MB  900kB/s 3s". */
export function progressBar(
  { progressDetail }: ProgressMessage,
  columns: number,
  bytesPerSecond: number | undefined,
): string {
  const { current = 0, total = 0 } = progressDetail ?? {};
  const numbers = `${humanSize(current).padStart(8)}/${humanSize(total)}`;
  const speed =
    bytesPerSecond === undefined || bytesPerSecond <= 0
      ? ""
      : ` ${humanSize(bytesPerSecond).padStart(7)}/s ${timeLeft((total - current) / bytesPerSecond)}`;
  if (columns <= barFrom) return numbers + speed;
  const done = Math.min(barLetters, Math.floor((current / total) * barLetters));
  return `[${"=".repeat(done)}>${" ".repeat(barLetters - done)}] ${numbers}${speed}`;
}

function timeLeft(seconds: number): string {
  const whole = Math.ceil(Math.max(0, seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
  return `${Math.floor(whole / 3600)}h${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")}m`;
}
