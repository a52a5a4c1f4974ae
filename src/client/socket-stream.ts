// One stream socket: a queue on the way in, backpressure both ways, each half closed by itself.

import type { Socket } from "bun";
import { ProtocolError } from "./errors.ts";

/** Bytes that may wait for a reader before the socket is paused. */
const highWaterBytes = 4 << 20;
const lowWaterBytes = 1 << 20;

type RawSocket = Pick<Socket, "write" | "shutdown" | "end" | "terminate" | "pause" | "resume">;

export class SocketStream {
  #socket: RawSocket | undefined;
  #arrived: Uint8Array[] = [];
  #arrivedBytes = 0;
  #paused = false;
  #ended = false;
  #failure: Error | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriters: (() => void)[] = [];

  /** True when no more bytes can come: the other side has closed its half. */
  get ended(): boolean {
    return this.#ended;
  }

  /** True when nothing can be sent any more either. */
  get closed(): boolean {
    return this.#socket === undefined;
  }

  /**
   * Everything that has arrived since the last call, at least one piece; undefined when the other side has closed
   * its half. The pieces belong to the caller.
   */
  async read(): Promise<readonly Uint8Array[] | undefined> {
    while (this.#arrived.length === 0) {
      if (this.#failure) throw this.#failure;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
    const pieces = this.#arrived;
    this.#arrived = [];
    this.#arrivedBytes = 0;
    this.#resume();
    return pieces;
  }

  /** Puts back what a reader took and does not want; the next read returns it first. */
  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#arrived.unshift(bytes);
    this.#arrivedBytes += bytes.length;
  }

  /**
   * Sends; resolves when the kernel has taken everything. False when the other side no longer reads (what it says about
   * that is still to be read).
   */
  async write(bytes: Uint8Array | string): Promise<boolean> {
    let rest = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
    while (rest.length > 0) {
      const sent = this.#socket === undefined ? -1 : this.#socket.write(rest);
      if (sent < 0) return false;
      if (sent === rest.length) break;
      rest = rest.subarray(sent);
      await new Promise<void>((resolve) => this.#wakeWriters.push(resolve));
    }
    return true;
  }

  /** Half-close: the other side sees the end of our bytes and can go on sending. */
  endWrite(): void {
    this.#socket?.shutdown();
  }

  close(): void {
    this.#socket?.terminate();
    this.finish(undefined);
  }

  /** What is to be called for the socket's events; `open` is the caller's. Bytes as "uint8array". */
  protected readonly events = {
    data: (_: unknown, bytes: Uint8Array): void => this.#take(bytes),
    drain: (): void => this.#wakeAllWriters(),
    end: (): void => this.finish(undefined),
    close: (_: unknown, err?: Error): void => {
      this.#socket = undefined;
      this.finish(err);
    },
    error: (_: unknown, err: Error): void => this.finish(err),
  };

  protected adopt(socket: RawSocket): void {
    this.#socket = socket;
  }

  /** Nothing more can come. */
  protected finish(err: Error | undefined): void {
    this.#ended = true;
    if (err !== undefined)
      this.#failure ??= new ProtocolError(`connection to the daemon broke: ${err.message}`);
    this.#wakeReader?.();
    this.#wakeAllWriters();
  }

  #take(bytes: Uint8Array): void {
    this.#arrived.push(bytes);
    this.#arrivedBytes += bytes.length;
    if (this.#arrivedBytes > highWaterBytes && !this.#paused) {
      this.#paused = true;
      this.#socket?.pause();
    }
    this.#wakeReader?.();
  }

  #resume(): void {
    if (!this.#paused || this.#arrivedBytes > lowWaterBytes) return;
    this.#paused = false;
    this.#socket?.resume();
  }

  #wakeAllWriters(): void {
    const writers = this.#wakeWriters;
    this.#wakeWriters = [];
    for (const wake of writers) wake();
  }
}
