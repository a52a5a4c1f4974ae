// The framing of a container's output where it has no terminal: stdout and stderr share one connection.
//
//   0        1  2  3  4           8            8 + size
//   | stream | 0  0  0 | size u32 | payload … |          (Engine API, "Stream format" of ContainerAttach; big-endian)
//
// stream: 1 stdout, 2 stderr, 3 an error of the engine itself. 0 (stdin) stands for stdout, as in Docker's own reader. 4 is ours,
// and comes only to those who ask for it: how the program ended, as JSON, in one last frame.

export const frameHeaderBytes = 8;

export const stdoutStream = 1;
export const stderrStream = 2;
export const systemErrorStream = 3;
export const endStream = 4;

export type OutputStream =
  | typeof stdoutStream
  | typeof stderrStream
  | typeof systemErrorStream
  | typeof endStream;

/** Writes the header of a frame with `sizeBytes` of payload into `target[offset, offset + 8)`. */
export function putFrameHeader(
  target: Uint8Array,
  offset: number,
  stream: OutputStream,
  sizeBytes: number,
): void {
  target[offset] = stream;
  target[offset + 1] = 0;
  target[offset + 2] = 0;
  target[offset + 3] = 0;
  target[offset + 4] = sizeBytes >>> 24;
  target[offset + 5] = sizeBytes >>> 16;
  target[offset + 6] = sizeBytes >>> 8;
  target[offset + 7] = sizeBytes;
}

/** One whole frame, with a copy of the payload. Streams that can, leave room for the header and use `putFrameHeader`. */
export function encodeFrame(stream: OutputStream, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeaderBytes + payload.length);
  putFrameHeader(frame, 0, stream, payload.length);
  frame.set(payload, frameHeaderBytes);
  return frame;
}

/** What is not a frame: the connection speaks something else (a container with a terminal sends plain bytes). */
export class FramingError extends Error {
  override readonly name = "FramingError";
}

/**
 * Takes a framed connection apart, whatever the pieces it comes in. Payload is handed on as it arrives, as a view of
 * the piece: a frame that spans several pieces comes in several parts, and nothing is ever held back or copied.
 */
export class FrameSplitter {
  readonly #header = new Uint8Array(frameHeaderBytes);
  readonly #lastStream: OutputStream;
  #headerLength = 0;
  #stream: OutputStream = stdoutStream;
  #left = 0;

  /** @param lastStream what stands for more than this is no header. */
  constructor(lastStream: OutputStream = systemErrorStream) {
    this.#lastStream = lastStream;
  }

  /** Calls `take` for every part of payload in `piece`. Throws FramingError when a header cannot be one. */
  push(piece: Uint8Array, take: (stream: OutputStream, part: Uint8Array) => void): void {
    for (let at = 0; at < piece.length;) {
      if (this.#left === 0) {
        at = this.#takeHeader(piece, at);
        continue;
      }
      const end = Math.min(piece.length, at + this.#left);
      this.#left -= end - at;
      take(this.#stream, piece.subarray(at, end));
      at = end;
    }
  }

  /** Whether the connection may end here: not in the middle of a frame. */
  get complete(): boolean {
    return this.#left === 0 && this.#headerLength === 0;
  }

  #takeHeader(piece: Uint8Array, from: number): number {
    const header = this.#header;
    let at = from;
    while (this.#headerLength < frameHeaderBytes && at < piece.length)
      header[this.#headerLength++] = piece[at++] ?? 0;
    if (this.#headerLength < frameHeaderBytes) return at;
    const [stream = 0, b1 = 0, b2 = 0, b3 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0] = header;
    if (stream > this.#lastStream || b1 !== 0 || b2 !== 0 || b3 !== 0)
      throw new FramingError(`not a frame header: ${Buffer.from(header).toString("hex")}`);
    this.#stream = stream === 0 ? stdoutStream : (stream as OutputStream);
    this.#left = ((s1 << 24) | (s2 << 16) | (s3 << 8) | s4) >>> 0;
    this.#headerLength = 0;
    return at;
  }
}
