// The standard streams and signals of this process.
//
// `Bun.write` on the standard streams: it costs 0.2 ms of start-up where importing node:fs costs 1.0 and
// `process.stdout` 8; it waits for a full pipe, also for one that another program made non-blocking, and never
// changes the mode of a pipe that others share.

import { CommandError } from "./failure.ts";
import { brokenPipeExitCode } from "./streams.ts";
import type { Input, Output, Streams, WindowSize } from "./streams.ts";

export const processStreams: Streams = {
  stdin: standardInput(),
  stdout: standardOutput(Bun.stdout, 1),
  stderr: standardOutput(Bun.stderr, 2),
  outputsAreOne: async () => (await import("./session/write-vector.ts")).sameFile(1, 2),
  onSignal: (signal, handler) => {
    process.on(signal, handler);
    return () => void process.off(signal, handler);
  },
};

function standardOutput(file: Bun.BunFile, fd: 1 | 2): Output {
  return {
    write: (data) => writeTo(file, data),
    writeAll: async (parts) => {
      const { writeVector } = await import("./session/write-vector.ts");
      await writeVector(fd, parts);
    },
    windowSize: () => windowSizeOf(file, fd),
  };
}

function standardInput(): Input {
  return {
    // Bun's own stream: it reads 256 KiB at a time and leaves the mode of the pipe, which others may share, alone.
    bytes: () => Bun.stdin.stream(),
    isTerminal: async () => (await windowSizeOf(Bun.stdin, 0)) !== undefined,
    makeRaw: async () => {
      if ((await windowSizeOf(Bun.stdin, 0)) === undefined) return () => undefined;
      return (await import("./session/raw-terminal.ts")).rawTerminal();
    },
  };
}

async function writeTo(file: Bun.BunFile, data: string | Uint8Array): Promise<void> {
  if (data.length === 0) return;
  try {
    await Bun.write(file, data);
  } catch (err) {
    if (err instanceof Error && "code" in err && err.code === "EPIPE")
      throw new CommandError("", brokenPipeExitCode);
    throw err;
  }
}

/** The major number of /dev/null and its neighbours. */
const memoryDevices = 1;

async function windowSizeOf(file: Bun.BunFile, fd: 0 | 1 | 2): Promise<WindowSize | undefined> {
  // A look at the file is 2 ms faster than asking the terminal, which then knows for sure.
  const { rdev } = await file.stat();
  if (rdev === 0 || rdev >> 8 === memoryDevices) return undefined;
  const { windowSize } = await import("../sys/pty.ts");
  return windowSize(fd);
}
