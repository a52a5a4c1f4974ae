// Writing to the terminal or pipe that the user gave us.
//
// `Bun.write` on the standard streams: it costs 0.2 ms of start-up where importing node:fs costs 1.0 and
// `process.stdout` 8; it waits for a full pipe, also for one that another program made non-blocking, and never
// changes the mode of a pipe that others share.

import { CommandError } from "./failure.ts";

/** Exit code of a program that SIGPIPE ended, which is how `docker ps | head -1` ends. */
const brokenPipeExitCode = 141;

/** Resolves when everything has been handed to the kernel. */
export async function print(text: string | Uint8Array): Promise<void> {
  await writeTo(Bun.stdout, text);
}

export async function printLine(line: string): Promise<void> {
  await print(`${line}\n`);
}

export async function printError(text: string): Promise<void> {
  await writeTo(Bun.stderr, text);
}

async function writeTo(file: Bun.BunFile, text: string | Uint8Array): Promise<void> {
  if (text.length === 0) return;
  try {
    await Bun.write(file, text);
  } catch (err) {
    if (err instanceof Error && "code" in err && err.code === "EPIPE")
      throw new CommandError("", brokenPipeExitCode);
    throw err;
  }
}
