// Printing what the daemon says while it works on images: on a terminal with a line for each layer that is written over
// as it goes on, elsewhere one line for each step.

import { bodyLines } from "../client/json-lines.ts";
import type { ProgressMessage } from "../spec/docker.ts";
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
  return async (message) => {
    if (message.stream !== undefined) {
      lines.clear();
      await to.write(message.stream);
      return;
    }
    if (message.status === undefined) return;
    const progress = sizeKnown(message) ? ` ${progressBar(message, columns)}` : "";
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

/** Narrower terminals get the numbers only. */
const barFrom = 110;
const barLetters = 50;

/** "[=====>     ]  1.2MB/3.4MB". */
function progressBar({ progressDetail }: ProgressMessage, columns: number): string {
  const { current = 0, total = 0 } = progressDetail ?? {};
  const numbers = `${humanSize(current).padStart(8)}/${humanSize(total)}`;
  if (columns <= barFrom) return numbers;
  const done = Math.min(barLetters, Math.floor((current / total) * barLetters));
  return `[${"=".repeat(done)}>${" ".repeat(barLetters - done)}] ${numbers}`;
}
