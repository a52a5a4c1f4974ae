// The sockets that questions come in by: UDP and TCP on every address, all with one port.
import type { udp } from "bun";
import { createServer, isIPv6, type Server as TcpServer, type Socket } from "node:net";
import { SystemError, hasCode } from "../base/errors.ts";
import { insideNetns } from "../sys/namespace.ts";
import { enlargeReceiveBuffer } from "../sys/receive-buffer.ts";
import { FrameReader, framed } from "./frames.ts";
import type { Responder } from "./responder.ts";

export type Listener = AsyncDisposable & { readonly port: number };

export type Place = {
  readonly addresses: readonly string[];
  /** The namespace that has them; the host's own when undefined. */
  readonly netnsPath: string | undefined;
  /** The first is taken that is free on all addresses: some of the host's programs take a port on every address. */
  readonly ports: readonly number[];
};

type Endpoint = AsyncDisposable;

const connectionsMax = 128;
const idleTimeoutMs = 10_000;
/** Some thousand questions may wait while the daemon does something else; the kernel's 208 KiB hold 270. */
const waitingBytes = 4 << 20;
/** Questions of one connection that have no answer yet; who asks more is cut off. */
const unansweredMax = 100;

export async function listen({ addresses, netnsPath, ports }: Place, respond: Responder): Promise<Listener> {
  const failures: unknown[] = [];
  for (const port of ports) {
    // Bun makes its sockets within the call, so that they belong to the namespace of the moment.
    const open = (): Promise<Endpoint[]> => openAll(addresses, port, respond);
    const opening = netnsPath === undefined ? open() : insideNetns(netnsPath, open);
    const opened = await opening.catch((err: unknown) => {
      if (!hasCode(err, "EADDRINUSE")) throw err;
      failures.push(err);
      return undefined;
    });
    if (opened !== undefined) return { port, [Symbol.asyncDispose]: () => closeAll(opened) };
  }
  throw new SystemError(`no port of ${ports.join(", ")} is free on ${addresses.join(" and ")}`, {
    cause: failures[0],
  });
}

async function openAll(addresses: readonly string[], port: number, respond: Responder): Promise<Endpoint[]> {
  const opening = await Promise.allSettled(
    addresses.flatMap((address) => [listenUdp(address, port, respond), listenTcp(address, port, respond)]),
  );
  const opened = opening.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failure = opening.find((result) => result.status === "rejected");
  if (failure === undefined) return opened;
  await closeAll(opened);
  throw failure.reason;
}

async function closeAll(endpoints: readonly Endpoint[]): Promise<void> {
  await Promise.all(endpoints.map((endpoint) => endpoint[Symbol.asyncDispose]()));
}

async function listenUdp(hostname: string, port: number, respond: Responder): Promise<Endpoint> {
  const socket = await Bun.udpSocket({
    hostname,
    port,
    socket: {
      data: (own, packet, clientPort, clientAddress) => {
        const send = (answer: Buffer): void => sendTo(own, answer, clientPort, clientAddress);
        const answer = respond(packet, clientAddress, "udp");
        if (answer instanceof Promise) void answer.then(send);
        else if (answer !== undefined) send(answer);
      },
      // What a client's host says of answers that nobody waits for any more.
      error: () => {},
    },
  });
  // Bun 1.4 has it, its types do not.
  enlargeReceiveBuffer((socket as typeof socket & { readonly fd: number }).fd, waitingBytes);
  return {
    [Symbol.asyncDispose]: () => {
      if (!socket.closed) socket.close();
      return Promise.resolve();
    },
  };
}

/** What the kernel says at a send may be about an earlier datagram, whose client is gone (udp(7)): then this one was not sent. */
const sendAttempts = 3;

/** A full buffer, a client that is gone, the host's own firewall: lost like any datagram, and asked for again. */
function sendTo(socket: udp.Socket<"buffer">, answer: Buffer, port: number, address: string): void {
  for (let attempt = 1; attempt <= sendAttempts && !socket.closed; attempt++) {
    try {
      socket.send(answer, port, address);
      return;
    } catch {
      continue;
    }
  }
}

function listenTcp(host: string, port: number, respond: Responder): Promise<Endpoint> {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    serveConnection(socket, respond);
  });
  server.maxConnections = connectionsMax;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, ipv6Only: isIPv6(host) }, () => {
      resolve({ [Symbol.asyncDispose]: () => closeServer(server, connections) });
    });
  });
}

function closeServer(server: TcpServer, connections: ReadonlySet<Socket>): Promise<void> {
  for (const socket of connections) socket.destroy();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Answers go out as they become ready, in any order (RFC 7766 section 6.2.1.1). */
function serveConnection(socket: Socket, respond: Responder): void {
  const address = socket.remoteAddress ?? "";
  const frames = new FrameReader();
  let unanswered = 0;
  socket.setTimeout(idleTimeoutMs, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  const send = (answer: Buffer): void => {
    if (socket.writable) socket.write(framed(answer));
  };
  socket.on("data", (piece: Buffer) => {
    for (const message of frames.push(piece)) {
      const answer = respond(message, address, "tcp");
      // Nobody who means a question sends such a message: the rest of the stream is not to be trusted either.
      if (answer === undefined || unanswered >= unansweredMax || socket.writableLength > 0xfffff) {
        socket.destroy();
        return;
      }
      if (!(answer instanceof Promise)) {
        send(answer);
        continue;
      }
      unanswered += 1;
      void answer.then((ready) => {
        unanswered -= 1;
        send(ready);
      });
    }
  });
}
