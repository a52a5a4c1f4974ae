// Carries a container's output to our stdout and stderr.
//
// Writes go through the thread pool (`fs.writev`): a full pipe then stops this direction only, while input and signals
// go on; and unlike a stream object it never makes a pipe non-blocking that other programs share with us. While one
// batch is being written, the connection collects the next.

import { fstatSync, writev } from "node:fs";
import { FrameSplitter, stdoutStream } from "../../spec/stdcopy.ts";
import { CommandError } from "../failure.ts";

/** Framed output is split into stdout and stderr; raw output (a terminal's) all goes to stdout. */
export type OutputKind = "framed" | "raw";

export type ByteSource = { readonly read: () => Promise<readonly Uint8Array[] | undefined> };

/** Which of the container's streams are wanted: an unwanted one is thrown away. */
export type Wanted = { readonly stdout: boolean; readonly stderr: boolean };

/** What is to be written, in order. */
type Batch = { readonly fd: 1 | 2; readonly parts: Uint8Array[] };

/** Resolves when the source has ended and everything is written. */
export async function copyOutput(source: ByteSource, kind: OutputKind, wanted: Wanted): Promise<void> {
  const splitter = new FrameSplitter();
  const oneFile = sameFile(1, 2);
  for (;;) {
    const pieces = await source.read();
    if (pieces === undefined) return;
    const batches =
      kind === "raw"
        ? [{ fd: 1 as const, parts: wanted.stdout ? [...pieces] : [] }]
        : split(splitter, pieces, wanted, oneFile);
    for (const { fd, parts } of batches) await writeAll(fd, parts);
  }
}

/**
 * One batch for each of our streams. Where both are the same terminal, pipe or file, everything goes into one, so that
 * lines of both stay in the order in which they were written; where they are not, nobody can see that order.
 */
function split(
  splitter: FrameSplitter,
  pieces: readonly Uint8Array[],
  wanted: Wanted,
  oneFile: boolean,
): readonly Batch[] {
  const out: Batch = { fd: 1, parts: [] };
  const err: Batch = oneFile ? out : { fd: 2, parts: [] };
  for (const piece of pieces) {
    splitter.push(piece, (stream, part) => {
      const isOut = stream === stdoutStream;
      if (isOut ? wanted.stdout : wanted.stderr) (isOut ? out : err).parts.push(part);
    });
  }
  return oneFile ? [out] : [out, err];
}

function sameFile(a: number, b: number): boolean {
  const first = fstatSync(a);
  const second = fstatSync(b);
  return first.dev === second.dev && first.ino === second.ino;
}

/** IOV_MAX of Linux. */
const mostParts = 1024;
/** Below this average size, one copy is cheaper than a vector of its own for each part. */
const smallPartBytes = 4096;

async function writeAll(fd: number, parts: Uint8Array[]): Promise<void> {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  let left =
    parts.length > 1 && total / parts.length < smallPartBytes ? [Buffer.concat(parts, total)] : parts;
  while (left.length > 0) {
    const written = await writeSome(fd, left.slice(0, mostParts));
    left = without(left, written);
  }
}

/** What remains after `written` bytes. */
function without(parts: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written;
  let at = 0;
  for (let part = parts[at]; part !== undefined && skip >= part.length; part = parts[++at])
    skip -= part.length;
  const rest = parts.slice(at);
  const first = rest[0];
  if (first !== undefined && skip > 0) rest[0] = first.subarray(skip);
  return rest;
}

/** A pipe that somebody else made non-blocking is full: look again after this time. */
const retryMs = 5;
const brokenPipeExitCode = 141;

async function writeSome(fd: number, parts: readonly Uint8Array[]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  writev(fd, parts as Uint8Array[], (err, written) => {
    if (err === null) resolve(written);
    else if (err.code === "EAGAIN") setTimeout(() => resolve(0), retryMs);
    else reject(err.code === "EPIPE" ? new CommandError("", brokenPipeExitCode) : err);
  });
  return await promise;
}
