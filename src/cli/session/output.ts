// Carries a container's output to our stdout and stderr. While one batch is being written, the connection collects the
// next.

import { endStream, FrameSplitter, stdoutStream } from "../../spec/stdcopy.ts";
import type { WaitAnswer } from "../../spec/docker.ts";
import type { Output, Streams } from "../streams.ts";

/** Framed output is split into stdout and stderr; raw output (a terminal's) all goes to stdout. */
export type OutputKind = "framed" | "raw";

export type ByteSource = { readonly read: () => Promise<readonly Uint8Array[] | undefined> };

/** Which of the container's streams are wanted: an unwanted one is thrown away. */
export type Wanted = { readonly stdout: boolean; readonly stderr: boolean };

/** What is to be written, in order. */
type Batch = { readonly to: Output; readonly parts: Uint8Array[] };

/** Resolves when the source has ended and everything is written: with how the program ended, where the frames tell. */
export async function copyOutput(
  streams: Streams,
  source: ByteSource,
  kind: OutputKind,
  wanted: Wanted,
): Promise<WaitAnswer | undefined> {
  const splitter = new FrameSplitter(endStream);
  const oneFile = await streams.outputsAreOne();
  const end: Uint8Array[] = [];
  for (;;) {
    const pieces = await source.read();
    if (pieces === undefined)
      return end.length > 0 ? (JSON.parse(Buffer.concat(end).toString("utf8")) as WaitAnswer) : undefined;
    const batches =
      kind === "raw"
        ? [{ to: streams.stdout, parts: wanted.stdout ? [...pieces] : [] }]
        : split(streams, splitter, pieces, wanted, oneFile, end);
    for (const { to, parts } of batches) await to.writeAll(parts);
  }
}

/**
 * One batch for each of our streams. Where both are the same terminal, pipe or file, everything goes into one, so that
 * lines of both stay in the order in which they were written; where they are not, nobody can see that order.
 */
function split(
  { stdout, stderr }: Streams,
  splitter: FrameSplitter,
  pieces: readonly Uint8Array[],
  wanted: Wanted,
  oneFile: boolean,
  end: Uint8Array[],
): readonly Batch[] {
  const out: Batch = { to: stdout, parts: [] };
  const err: Batch = oneFile ? out : { to: stderr, parts: [] };
  for (const piece of pieces) {
    splitter.push(piece, (stream, part) => {
      const isOut = stream === stdoutStream;
      if (stream === endStream) end.push(part);
      else if (isOut ? wanted.stdout : wanted.stderr) (isOut ? out : err).parts.push(part);
    });
  }
  return oneFile ? [out] : [out, err];
}
