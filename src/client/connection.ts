// A connection to the daemon.
//
// Why not node:net or node:http: importing them costs 3.3 and 6.2 ms of a 4 ms start-up (compiled Bun 1.4), and the
// start-up of the client is a target of its own. `Bun.connect` is there from the beginning. A hijacked stream needs
// the raw socket anyway.

import type { Socket } from "bun";
import type { Endpoint } from "./endpoint.ts";
import { ConnectError } from "./errors.ts";
import { SocketStream } from "./socket-stream.ts";

export class Connection extends SocketStream {
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

  async #connect(endpoint: Endpoint): Promise<void> {
    const socket = {
      ...this.events,
      handshake: (_: Socket, _success: boolean, problem: Error | null) => {
        const verify = endpoint.kind === "tcp" && endpoint.tls?.verify;
        if (problem !== null && verify)
          this.finish(new Error(`its certificate is not accepted: ${problem.message}`));
      },
    };
    const options = { socket, binaryType: "uint8array" as const, allowHalfOpen: true };
    if (endpoint.kind === "unix") {
      this.adopt(await Bun.connect({ ...options, unix: endpoint.path }));
      return;
    }
    const { hostname, port, tls } = endpoint;
    if (tls === undefined) {
      this.adopt(await Bun.connect({ ...options, hostname, port }));
      return;
    }
    const { verify, ...keys } = tls;
    this.adopt(
      await Bun.connect({
        ...options,
        hostname,
        port,
        tls: { ...keys, serverName: hostname, rejectUnauthorized: verify },
      }),
    );
  }
}

function systemCode(err: unknown): string {
  if (err instanceof Error && "code" in err && typeof err.code === "string") return err.code;
  return err instanceof Error ? err.message : String(err);
}
