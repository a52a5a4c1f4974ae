// The streams of a command whose user is at the other end of a connection: stdin from it, stdout and stderr both to it, and
// before the first byte of output the line that says whether the user's terminal is to be raw.
import type { SocketStream } from "../client/socket-stream.ts";
import { CommandError } from "../cli/failure.ts";
import { brokenPipeExitCode } from "../cli/streams.ts";
import type { Output, Streams } from "../cli/streams.ts";

export type CommandStreams = Streams & {
  /** Sends the options line if nothing else has; resolves when all output has been handed on. */
  readonly finish: () => Promise<void>;
};

export function commandStreams(connection: SocketStream): CommandStreams {
  /** One write after the other: two at once could get into each other's middle. */
  let last: Promise<boolean> = Promise.resolve(true);
  let announced = false;
  const send = (bytes: Uint8Array | string): Promise<boolean> => {
    last = last.then((taken) => taken && connection.write(bytes));
    return last;
  };
  const announce = (RawTerminal: boolean): void => {
    if (!announced) void send(`${JSON.stringify({ RawTerminal })}\n`);
    announced = true;
  };
  const write = async (bytes: Uint8Array | string): Promise<void> => {
    if (bytes.length === 0) return;
    announce(false);
    if (!(await send(bytes))) throw new CommandError("", brokenPipeExitCode);
  };
  const output: Output = {
    write,
    writeAll: async (parts) => {
      for (const part of parts) await write(part);
    },
    windowSize: () => Promise.resolve(undefined),
  };
  const raw = (): Promise<void> => {
    announce(true);
    return Promise.resolve();
  };
  return {
    stdin: {
      bytes: () => {
        announce(false);
        return input(connection);
      },
      // It is the client that has one, or has not.
      isTerminal: () => Promise.resolve(undefined),
      expectRaw: raw,
      makeRaw: async () => {
        await raw();
        return () => undefined; // the end of the connection is the end of raw mode
      },
    },
    stdout: output,
    stderr: output,
    outputsAreOne: () => Promise.resolve(true),
    // Signals of this process are not the user's.
    onSignal: () => () => undefined,
    finish: async () => {
      announce(false);
      await last;
    },
  };
}

/** The reader's pace is the connection's. */
function input(connection: SocketStream): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const pieces = await connection.read().catch(() => undefined); // broken: no more input
        if (pieces === undefined) controller.close();
        else for (const piece of pieces) controller.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
}
