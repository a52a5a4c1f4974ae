// gzip and zstd decompressed on the thread that asks, into memory that is used again and again: for a thread that has nothing
// else to do. The streams of node:zlib take a fresh buffer for each piece and go to another thread and back for it, which
// costs twice the time of the work itself.
//
// The way in is the binding below those streams (`_handle`), which pure-JavaScript packages have been using since Node 4.
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import { InvalidParameterError } from "../base/errors.ts";

type Binding = {
  /** Sets the stream's `_writeState` to what is left: room in the output, bytes of the input. */
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputBytes: number,
    output: Uint8Array,
    outputAt: number,
    outputBytes: number,
  ): void;
  onerror: (message: string, errno: number, code: string) => void;
};
type Stream = { readonly _handle: Binding; readonly _writeState: Uint32Array; destroy(): void };

const outputBytes = 256 << 10;
const nothing = new Uint8Array(0);

export class InlineDecompressor implements Disposable {
  readonly #stream: Stream;
  readonly #flush: number;
  readonly #end: number;
  readonly #output = Buffer.allocUnsafeSlow(outputBytes);
  #failure: Error | undefined;

  constructor(format: "gzip" | "zstd") {
    const isGzip = format === "gzip";
    this.#stream = (isGzip ? createGunzip() : createZstdDecompress()) as unknown as Stream;
    this.#flush = isGzip ? constants.Z_NO_FLUSH : constants.ZSTD_e_continue;
    this.#end = isGzip ? constants.Z_FINISH : constants.ZSTD_e_end;
    const onerror: Binding["onerror"] = (message, _, code) => {
      this.#failure = new Error(`${message} (${code})`);
    };
    Object.assign(this.#stream._handle, { onerror });
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }

  /**
   * What comes of the next bytes. Each piece is good until the next one is asked for.
   * @throws InvalidParameterError for bytes behind the end; Error where the data is damaged.
   */
  push(input: Uint8Array): Generator<Uint8Array> {
    return this.#process(this.#flush, input);
  }

  /** The rest. @throws Error where the data breaks off, as far as the format's own code sees it. */
  end(): Generator<Uint8Array> {
    return this.#process(this.#end, nothing);
  }

  *#process(flush: number, input: Uint8Array): Generator<Uint8Array> {
    const { _handle, _writeState } = this.#stream;
    for (let left = input.length, room = 0; room === 0;) {
      _handle.writeSync(flush, input, input.length - left, left, this.#output, 0, outputBytes);
      if (this.#failure !== undefined) throw this.#failure;
      [room = 0, left = 0] = _writeState;
      if (room < outputBytes) yield this.#output.subarray(0, outputBytes - room);
      if (room > 0 && left > 0)
        throw new InvalidParameterError("it goes on behind the end of its compressed archive");
    }
  }
}
