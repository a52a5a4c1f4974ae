// Listeners for the API: unix sockets and tcp, by the rules that keep a root-equivalent API from strangers.
import { chmodSync, chownSync, lstatSync, readFileSync, unlinkSync } from "node:fs";
import { createServer, STATUS_CODES } from "node:http";
import type { Server, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ConflictError, InvalidParameterError } from "../base/errors.ts";
import { prepareListeningSockets } from "../sys/listening-sockets.ts";
import type { Api } from "./serve.ts";

export type TlsFiles = {
  readonly certificate: string;
  readonly key: string;
  /** Certificate authority that clients' certificates must come from. */
  readonly authority: string;
};

export type ListenAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

export type ListenOptions = {
  /** Group of unix sockets; ignored where the machine has none of that name. */
  readonly group: string;
  /** With it every tcp listener speaks TLS and asks clients for a certificate. */
  readonly tls?: TlsFiles;
  /** Plain tcp on addresses that are not loopback gives root on this machine to whoever can reach them. */
  readonly allowRootForWholeNetwork?: boolean;
  /** How long a client may take to send the head of a request: 60 s. Between two requests it may take as long as it likes. */
  readonly headTimeoutMs?: number;
};

/** Credentials and filters travel in headers and queries: Go's servers take 1 MB, node's only 16 kB. */
const maxHeadBytes = 256 * 1024;

export type Listener = {
  readonly address: ListenAddress;
  /** Stops taking connections; those that are open live until their answer is complete or `closeAll`. */
  close(): void;
  closeAll(): void;
};

/** `unix:///run/x.sock`, `tcp://127.0.0.1:2375`, `127.0.0.1:2375`, `/run/x.sock`; a tcp port that is left out is Docker's. */
export function parseListenAddress(text: string, withTls = false): ListenAddress {
  const refuse = (): never => {
    throw new InvalidParameterError(`invalid bind address (${text}): want unix:///path or tcp://host:port`);
  };
  const scheme = /^([a-z+]+):\/\//.exec(text);
  const rest = text.slice(scheme?.[0].length ?? 0);
  if (scheme?.[1] === "unix" || (!scheme && text.startsWith("/")))
    return rest.startsWith("/") ? { kind: "unix", path: rest } : refuse();
  if (scheme && scheme[1] !== "tcp") return refuse();
  const match = /^(\[[0-9a-f:.]+\]|[^:/[\]]*)(?::(\d{1,5}))?\/?$/i.exec(rest);
  if (!match) return refuse();
  const port = match[2] === undefined ? (withTls ? 2376 : 2375) : Number(match[2]);
  if (port > 65535) return refuse();
  return { kind: "tcp", host: match[1]?.replaceAll(/[[\]]/g, "") || "127.0.0.1", port };
}

/** Resolves when the address answers. ConflictError when another server answers there. */
export async function listen(api: Api, address: ListenAddress, options: ListenOptions): Promise<Listener> {
  refuseOpenTcp(address, options);
  if (address.kind === "unix") await removeStaleSocket(address.path);
  const server = makeServer(api, address, options);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await bind(server, address, options.group);
  prepareListeningSockets();
  return {
    address: withRealPort(address, server),
    close: () => {
      server.close();
      server.closeIdleConnections();
    },
    closeAll: () => {
      server.close();
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function makeServer(
  api: Api,
  address: ListenAddress,
  { tls, headTimeoutMs = 60_000 }: ListenOptions,
): Server {
  const limits = {
    maxHeaderSize: maxHeadBytes,
    headersTimeout: headTimeoutMs,
    connectionsCheckingInterval: Math.ceil(headTimeoutMs / 10),
    // Bodies may stream for hours (import, attach), and clients keep connections for reuse.
    requestTimeout: 0,
    keepAliveTimeout: 0,
  };
  const server =
    address.kind === "tcp" && tls
      ? createTlsServer({
          ...limits,
          cert: readFileSync(tls.certificate),
          key: readFileSync(tls.key),
          ca: readFileSync(tls.authority),
          requestCert: true,
          rejectUnauthorized: true,
        })
      : createServer(limits);
  const lastAnswers = new WeakMap<Duplex, ServerResponse>();
  server.on("request", (request, response) => {
    lastAnswers.set(request.socket, response);
    api.request(request, response);
  });
  server.on("upgrade", (request, socket, head) => api.upgrade(request, socket, head));
  server.on("clientError", (err: NodeJS.ErrnoException, socket) => {
    const last = lastAnswers.get(socket);
    // In the middle of an answer nothing can be said: the client would take it for a part of it.
    if (!socket.writable || (last?.headersSent && !last.writableEnded)) socket.destroy();
    else socket.end(refusalOf(err.code ?? ""));
  });
  return server;
}

/** What is not a request gets its answer in the form that Go's servers give. */
function refusalOf(code: string): string {
  const statuses: Readonly<Record<string, number>> = {
    HPE_HEADER_OVERFLOW: 431, // also more than 200 headers
    ERR_HTTP_REQUEST_TIMEOUT: 408,
  };
  const status = statuses[code] ?? 400;
  const text = `${status} ${STATUS_CODES[status]}`;
  return `HTTP/1.1 ${text}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}

function bind(server: Server, address: ListenAddress, group: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    if (address.kind === "tcp") {
      server.listen({ host: address.host, port: address.port });
      return;
    }
    // Made for its owner alone, opened to the group after that: there is no moment at which others could connect.
    const umask = process.umask(0o177);
    try {
      server.listen({ path: address.path });
    } finally {
      process.umask(umask);
    }
    openToGroup(address.path, group);
  });
}

/** Of a unix socket. */
export function openToGroup(path: string, group: string): void {
  const gid = groupId(group);
  if (gid !== undefined) chownSync(path, 0, gid);
  chmodSync(path, 0o660);
}

function withRealPort(address: ListenAddress, server: Server): ListenAddress {
  const real = server.address();
  return address.kind === "tcp" && typeof real === "object" && real !== null
    ? { ...address, port: real.port }
    : address;
}

/** InvalidParameterError for plain tcp on an address that others than this machine can reach. */
export function refuseOpenTcp(address: ListenAddress, options: ListenOptions): void {
  if (address.kind === "unix") return;
  const { host } = address;
  const isLoopback = host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
  if (isLoopback || options.tls || options.allowRootForWholeNetwork) return;
  throw new InvalidParameterError(
    `refusing to listen on tcp://${host} without TLS: everybody who can reach it would be root on this machine. Give --tlsverify with certificates, or a loopback address`,
  );
}

/** A socket file that nobody answers on was left by a server that died; a living one is left alone. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw new ConflictError(`cannot listen on ${path}: it exists and is not a socket`);
  if (await answers(path)) throw new ConflictError(`cannot listen on ${path}: another server answers there`);
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const done = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  });
}

/** Undefined where the machine has no group of that name. */
export function groupId(name: string): number | undefined {
  const line = readFileSync("/etc/group", "utf8")
    .split("\n")
    .find((row) => row.startsWith(`${name}:`));
  const gid = Number(line?.split(":")[2]);
  return Number.isInteger(gid) ? gid : undefined;
}
