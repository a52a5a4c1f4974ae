// One stream socket to the daemon: a queue on the way in, backpressure both ways.
//
// Why not node:net or node:http: importing them costs 3.3 and 6.2 ms of a 4 ms start-up (compiled Bun 1.4), and the
// start-up of the client is a target of its own. `Bun.connect` is there from the beginning. A hijacked stream needs
// the raw socket anyway.

import type { Socket } from "bun";
import type { Endpoint } from "./endpoint.ts";
import { ConnectError, ProtocolError } from "./errors.ts";

/** Bytes that may wait for a reader before the socket is paused. */
const highWaterBytes = 4 << 20;
const lowWaterBytes = 1 << 20;

export class Connection {
  #socket: Socket | undefined;
  #arrived: Uint8Array[] = [];
  #arrivedBytes = 0;
  #paused = false;
  #ended = false;
  #failure: Error | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriters: (() => void)[] = [];

  /** Connects. Throws ConnectError. */
  static async open(endpoint: Endpoint): Promise<Connection> {
    const connection = new Connection();
    try {
      await connection.#connect(endpoint);
    } catch (err) {
      throw new ConnectError(endpoint.url, systemCode(err), err);
    }
    return connection;
  }

  /** True when no more bytes can come: the daemon has closed its side. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Everything that has arrived since the last call, at least one piece; undefined when the daemon has closed its
   * side. The pieces belong to the caller.
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
   * Sends; resolves when the kernel has taken everything. False when the daemon no longer reads (what it says about
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

  /** Half-close: the daemon sees the end of our bytes and can go on sending. */
  endWrite(): void {
    this.#socket?.shutdown();
  }

  close(): void {
    this.#socket?.terminate();
    this.#finish(undefined);
  }

  async #connect(endpoint: Endpoint): Promise<void> {
    const socket = {
      data: (_: Socket, bytes: Uint8Array) => this.#take(bytes),
      drain: () => this.#wakeAllWriters(),
      end: () => this.#finish(undefined),
      close: (_: Socket, err?: Error) => {
        this.#socket = undefined;
        this.#finish(err);
      },
      error: (_: Socket, err: Error) => this.#finish(err),
      handshake: (_: Socket, _success: boolean, problem: Error | null) => {
        const verify = endpoint.kind === "tcp" && endpoint.tls?.verify;
        if (problem !== null && verify)
          this.#finish(new Error(`its certificate is not accepted: ${problem.message}`));
      },
    };
    const options = { socket, binaryType: "uint8array" as const, allowHalfOpen: true };
    if (endpoint.kind === "unix") {
      this.#socket = await Bun.connect({ ...options, unix: endpoint.path });
      return;
    }
    const { hostname, port, tls } = endpoint;
    if (tls === undefined) {
      this.#socket = await Bun.connect({ ...options, hostname, port });
      return;
    }
    const { verify, ...keys } = tls;
    this.#socket = await Bun.connect({
      ...options,
      hostname,
      port,
      tls: { ...keys, serverName: hostname, rejectUnauthorized: verify },
    });
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

  #finish(err: Error | undefined): void {
    this.#ended = true;
    if (err !== undefined)
      this.#failure ??= new ProtocolError(`connection to the daemon broke: ${err.message}`);
    this.#wakeReader?.();
    this.#wakeAllWriters();
  }

  #wakeAllWriters(): void {
    const writers = this.#wakeWriters;
    this.#wakeWriters = [];
    for (const wake of writers) wake();
  }
}

function systemCode(err: unknown): string {
  if (err instanceof Error && "code" in err && typeof err.code === "string") return err.code;
  return err instanceof Error ? err.message : String(err);
}
