// Moves the bytes of a hijacked connection. 500 MB may pass here: without a terminal no byte is looked at.
//
//   client ──input──►  stdin of the program      end of input  ──► end()
//   client ◄─output──  its stdout and stderr     end of output ──► half-close, then close
//   client gone      ──► the program's stream is let go; the program itself runs on
import type { Duplex, Writable } from "node:stream";
import type { Hijacked } from "./answer.ts";
import { detachScanner } from "../base/detach-keys.ts";
import { onReadEnd } from "../base/stream-end.ts";
import { writeAll } from "./write-stream.ts";

/** After all output has been sent the client may still be sending: so long its input is thrown away before the line is cut. */
const lingerMs = 5_000;

/** Resolves when both sides are done with. Errors on either side are the end of it, since nobody is left to tell. */
export async function pumpHijacked(
  input: NodeJS.ReadableStream,
  output: Writable,
  { before, stream, detach, openUntil }: Hijacked,
  signal: AbortSignal,
): Promise<void> {
  if (before) await writeAll(output, before, signal);
  if (stream) await pump(input, output, stream, detach, openUntil);
  else await linger(input, output);
}

function pump(
  input: NodeJS.ReadableStream,
  output: Writable,
  stream: Duplex,
  detach: Hijacked["detach"],
  openUntil: Hijacked["openUntil"] = Promise.resolve(),
): Promise<void> {
  return new Promise((resolve) => {
    const gone = (): void => {
      stream.destroy();
      output.destroy();
      resolve();
    };
    const callOff = onReadEnd(stream, () => {
      letGo();
      const last = (bytes: Uint8Array | void): void => void (bytes && output.write(bytes));
      void openUntil
        .then(last)
        .then(() => linger(input, output))
        .then(gone, gone);
    });
    const letGo = (): void => {
      callOff();
      input.unpipe(stream);
    };
    input.on("error", gone);
    output.on("error", gone);
    output.on("close", gone);
    stream.pipe(output, { end: false });
    if (detach) {
      pumpTerminalInput(input, stream, detach.keys, () => {
        detach.onDetach();
        letGo();
        stream.destroy();
        void linger(input, output).then(gone);
      });
    } else input.pipe(stream);
  });
}

/**
 * Half-closes once the client has taken everything, however long it takes, and waits for it to close its half too:
 * cutting the line while it still sends could cost it our last bytes. With both halves done the line closes by itself.
 */
function linger(input: NodeJS.ReadableStream, output: Writable): Promise<void> {
  return new Promise((resolve) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    output.on("close", done);
    output.on("finish", () => {
      timer = setTimeout(done, lingerMs);
    });
    output.end();
    input.resume();
    if (output.destroyed) done();
  });
}

function pumpTerminalInput(
  input: NodeJS.ReadableStream,
  stream: Duplex,
  keys: Uint8Array,
  onDetach: () => void,
): void {
  const scan = detachScanner(keys);
  const onData = (chunk: Uint8Array): void => {
    const { pass, detached } = scan(chunk);
    if (pass.length > 0 && !stream.write(pass)) {
      input.pause();
      stream.once("drain", () => input.resume());
    }
    if (!detached) return;
    input.off("data", onData);
    onDetach();
  };
  input.on("data", onData);
  input.on("end", () => stream.end());
}
