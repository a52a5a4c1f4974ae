// One attached stream: the user's terminal or pipes on one side, a container's program on the other.

import { parseDetachKeys } from "../../base/detach-keys.ts";
import type { RawStream } from "../../client/transport.ts";
import type { WaitAnswer } from "../../spec/docker.ts";
import type { Streams } from "../streams.ts";
import { copyInput } from "./input.ts";
import type { InputCopy } from "./input.ts";
import { copyOutput } from "./output.ts";
import type { Wanted } from "./output.ts";

export type SessionOptions = {
  /** The program has a terminal: its output is raw, our terminal is put into raw mode, and detach keys count. */
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly output: Wanted;
  /** "" for the usual ones. */
  readonly detachKeys: string;
};

/** How the program ended, where the connection told; "ended" where it did not. */
export type SessionEnd = WaitAnswer | "ended" | "detached";

/**
 * Carries bytes until the program's output has ended (also where none of it is wanted) or the user has detached.
 * Afterwards the connection is closed and the terminal is as it was.
 */
export async function runSession(
  streams: Streams,
  connection: RawStream,
  options: SessionOptions,
): Promise<SessionEnd> {
  const { tty, stdin, output, detachKeys } = options;
  const keys = tty && stdin ? parseDetachKeys(detachKeys) : undefined;
  const restore = tty && stdin ? await streams.stdin.makeRaw() : undefined;
  let input: InputCopy | undefined;
  try {
    const ends: Promise<SessionEnd>[] = [
      copyOutput(streams, connection, tty ? "raw" : "framed", output).then((end) => end ?? "ended"),
    ];
    if (stdin) {
      input = copyInput(streams.stdin, connection, keys);
      ends.push(detached(input));
    }
    return await Promise.race(ends);
  } finally {
    input?.stop();
    restore?.();
    connection.close();
  }
}

/** Never resolves when stdin just ends: the program may have more to say. */
async function detached(input: InputCopy): Promise<"detached"> {
  if ((await input.done) === "detached") return "detached";
  return await new Promise<never>(() => undefined);
}
