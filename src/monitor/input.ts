// The way to a container's stdin: a FIFO's write end, or the terminal's master. What it does not take now is kept here,
// and whoever wants to send more waits.
import { failedWith } from "../sys/errno.ts";
import { write } from "../sys/file.ts";

export class Input {
  readonly fd: number;
  readonly #close: () => void;
  #pending: Uint8Array | undefined;
  #ending = false;
  #closed = false;

  /** `close` lets go of the descriptor: once, after the last byte went out. */
  constructor(fd: number, close: () => void) {
    this.fd = fd;
    this.#close = close;
  }

  /** Takes no more now: wait until `flush` has emptied it. */
  get full(): boolean {
    return this.#pending !== undefined;
  }

  /** Sends `bytes[from, to)`, which may be reused then. Not while it is full. Dropped when the program has closed its stdin. */
  send(bytes: Uint8Array, from: number, to: number): void {
    if (this.#closed || this.#ending) return;
    const at = this.#write(bytes, from, to);
    if (at < to) this.#pending = new Uint8Array(bytes.subarray(at, to));
  }

  /** To be called when the descriptor can be written to again. */
  flush(): void {
    const pending = this.#pending;
    if (!pending) return;
    const at = this.#write(pending, 0, pending.length);
    this.#pending = at < pending.length ? pending.subarray(at) : undefined;
    if (this.#ending && !this.#pending) this.close();
  }

  /** End of file for the program, after what it has not taken yet. */
  end(): void {
    this.#ending = true;
    if (!this.#pending) this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pending = undefined;
    this.#close();
  }

  /** Returns how far it came; the whole way when nobody reads any more. */
  #write(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    try {
      while (at < to) {
        const put = write(this.fd, bytes, at, to - at);
        if (put === undefined) return at;
        at += put;
      }
    } catch (err) {
      // EPIPE: the program has closed its stdin. EIO: its terminal is gone.
      if (!failedWith(err, "EPIPE", "EIO")) throw err;
      this.close();
    }
    return to;
  }
}
