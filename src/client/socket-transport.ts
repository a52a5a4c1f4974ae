// Calls over sockets: one connection for each call at a time, kept for the next one where the answer allows it.

import { Connection } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import { readBody, readHead, reusable, sendRequest } from "./http.ts";
import type { HttpRequest, ResponseHead } from "./http.ts";
import type { Exchange, Transport } from "./transport.ts";

export class SocketTransport implements Transport {
  readonly #endpoint: Endpoint;
  #idle: Connection[] = [];
  readonly #busy = new Set<Connection>();
  #closed = false;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  async warm(count: number): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, async () => {
        const connection = await Connection.open(this.#endpoint);
        if (this.#closed) connection.close();
        else this.#idle.push(connection);
      }),
    );
  }

  async send(request: HttpRequest): Promise<Exchange> {
    const connection = await this.#take();
    const head = await this.#exchange(connection, request);
    return {
      head,
      body: () => this.#body(connection, head, request.method),
      stream: () => connection,
      close: () => this.#drop(connection),
    };
  }

  close(): void {
    this.#closed = true;
    for (const connection of [...this.#idle, ...this.#busy]) connection.close();
    this.#idle = [];
    this.#busy.clear();
  }

  async #take(): Promise<Connection> {
    if (this.#closed) throw new Error("the client is closed");
    let connection = this.#idle.pop();
    while (connection?.ended) {
      connection.close();
      connection = this.#idle.pop();
    }
    connection ??= await Connection.open(this.#endpoint);
    this.#busy.add(connection);
    return connection;
  }

  async #exchange(connection: Connection, request: HttpRequest): Promise<ResponseHead> {
    try {
      const sent = sendRequest(connection, request);
      // The head may come before the body is out: a refused upload. A failure to read the source ends the call.
      return await Promise.race([readHead(connection), sent.then(() => new Promise<never>(() => {}))]);
    } catch (err) {
      this.#drop(connection);
      throw err;
    }
  }

  async *#body(
    connection: Connection,
    head: ResponseHead,
    method: HttpRequest["method"],
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let complete = false;
    try {
      yield* readBody(connection, head, method);
      complete = true;
    } finally {
      this.#busy.delete(connection);
      if (complete && reusable(head)) this.#idle.push(connection);
      else connection.close();
    }
  }

  #drop(connection: Connection): void {
    this.#busy.delete(connection);
    connection.close();
  }
}
