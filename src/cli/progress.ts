// Printing what the daemon says while it works on images.

import { bodyLines } from "../client/json-lines.ts";
import type { ProgressMessage } from "../spec/docker.ts";
import { CommandError } from "./failure.ts";
import { print } from "./print.ts";

/**
 * Prints the messages of an answer as lines; progress in between (which only makes sense where lines can be
 * overwritten) is left out.
 *
 * @throws CommandError with the daemon's words when it reports a failure in the middle.
 */
export async function printProgress(
  body: AsyncIterable<Uint8Array>,
  write: (text: string) => Promise<void> = print,
): Promise<void> {
  for await (const line of bodyLines(body)) {
    const message = JSON.parse(line) as ProgressMessage;
    if (message.errorDetail || message.error) {
      throw new CommandError(message.errorDetail?.message ?? message.error ?? "");
    }
    if (message.stream !== undefined) await write(message.stream);
    else if (message.status !== undefined && message.progressDetail?.total === undefined) {
      await write(`${message.id === undefined ? "" : `${message.id}: `}${message.status}\n`);
    }
  }
}
