// What all containers' output goes through, one after the other: so an idle container needs no buffer of its own.
import { frameHeaderBytes } from "../spec/stdcopy.ts";
import { LogEncoder } from "../runtime/log-encoder.ts";
import { openPeeker, type Peeker } from "../sys/pipe-peek.ts";

export type IoBuffers = {
  /** Bytes as they were read begin at `inputStart`: in front there is room for a frame's header. */
  readonly input: Uint8Array;
  readonly encoder: LogEncoder;
  readonly peeker: Peeker;
};

/** Read at once. Larger than a busy pipe's share of the processor's cache gains nothing. */
export const readBytesMax = 256 * 1024;
export const inputStart = frameHeaderBytes;

export function openIoBuffers(): IoBuffers {
  return {
    input: new Uint8Array(inputStart + readBytesMax),
    encoder: new LogEncoder(1 << 20),
    peeker: openPeeker(readBytesMax),
  };
}
