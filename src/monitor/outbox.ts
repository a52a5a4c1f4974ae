// The sending side of a connection: what the peer does not take now is kept for later.
import { failedWith } from "../sys/errno.ts";
import { write } from "../sys/file.ts";

export class Outbox {
  readonly #fd: number;
  #pending: Uint8Array[] = [];
  #broken = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Bytes wait for the peer. */
  get blocked(): boolean {
    return this.#pending.length > 0;
  }

  /** The peer is gone: everything is dropped from now on. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Sends `bytes[from, to)`; only what does not go out at once is copied. */
  send(bytes: Uint8Array, from = 0, to = bytes.length): void {
    const at = this.blocked ? from : this.#write(bytes, from, to);
    if (at < to && !this.#broken) this.#pending.push(new Uint8Array(bytes.subarray(at, to)));
  }

  /** To be called when the connection can be written to again. */
  flush(): void {
    for (let [next] = this.#pending; next; [next] = this.#pending) {
      const at = this.#write(next, 0, next.length);
      if (this.#broken) return;
      if (at < next.length) {
        this.#pending[0] = next.subarray(at);
        return;
      }
      this.#pending.shift();
    }
  }

  #write(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    try {
      while (at < to && !this.#broken) {
        const put = write(this.#fd, bytes, at, to - at);
        if (put === undefined) break;
        at += put;
      }
    } catch (err) {
      if (!failedWith(err, "EPIPE", "ECONNRESET")) throw err;
      this.#broken = true;
      this.#pending = [];
    }
    return at;
  }
}
