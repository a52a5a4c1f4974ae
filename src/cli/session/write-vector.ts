// Writing many pieces to a standard stream.
//
// Writes go through the thread pool (`fs.writev`): a full pipe then stops this direction only, while input and signals
// go on; and unlike a stream object it never makes a pipe non-blocking that other programs share with us.

import { fstatSync, writev } from "node:fs";
import { CommandError } from "../failure.ts";
import { brokenPipeExitCode } from "../streams.ts";

/** Whether two descriptors are the same terminal, pipe or file. */
export function sameFile(a: number, b: number): boolean {
  const first = fstatSync(a);
  const second = fstatSync(b);
  return first.dev === second.dev && first.ino === second.ino;
}

/** IOV_MAX of Linux. */
const mostParts = 1024;
/** Below this average size, one copy is cheaper than a vector of its own for each part. */
const smallPartBytes = 4096;

/** Resolves when everything is written. @throws CommandError when nobody reads any more. */
export async function writeVector(fd: number, parts: Uint8Array[]): Promise<void> {
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

async function writeSome(fd: number, parts: readonly Uint8Array[]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  writev(fd, parts as Uint8Array[], (err, written) => {
    if (err === null) resolve(written);
    else if (err.code === "EAGAIN") setTimeout(() => resolve(0), retryMs);
    else reject(err.code === "EPIPE" ? new CommandError("", brokenPipeExitCode) : err);
  });
  return await promise;
}
