// Listens for the command protocol of 2013. Nothing of the client is loaded before the first command.
//
//   client ──► ["run","-i","busybox","cat"]\n      the command
//   client ◄── {"RawTerminal":false}\n             options, before the first byte of output
//   client ──► input …, half-close                 end of input
//   client ◄── output …, close                     end of the command; an error is text: "Error: …\n"
import type { Socket, TCPSocketListener } from "bun";
import { errorText, InvalidParameterError, SystemError } from "../base/errors.ts";
import { SocketStream } from "../client/socket-stream.ts";
import { prepareListeningSockets } from "../sys/listening-sockets.ts";
import type { RcliAddress } from "./address.ts";
import { parseCommandLine, readCommandLine } from "./command-line.ts";
import { peerProcess, peerSocket, refusalOf, strangersRefusal } from "./peer.ts";
import type { Ends, Peer } from "./peer.ts";
import type { CommandWorld } from "./run-command.ts";

export type RcliOptions = CommandWorld & {
  /** Called at the beginning and at the end of each connection. */
  readonly active: () => void;
  /** Members of this group get in besides root, where the machine has it. */
  readonly groupID: number | undefined;
  /** For the command to come: 10 s. */
  readonly lineTimeoutMs?: number;
  /** Connections at once, 256. */
  readonly maxConnections?: number;
};

export type RcliListener = { close(): void };

/** The options line of a connection that gets no further. */
const notRaw = '{"RawTerminal":false}\n';
/** A client that has got everything closes; one that does not is left so long. */
const lingerMs = 5_000;
/** How often it is looked whether a client that has closed its half is still there. */
const lookMs = 500;

class Accepted extends SocketStream {
  readonly on = this.events;
  readonly #socket: Socket<Accepted>;
  readonly ends: Ends;

  constructor(socket: Socket<Accepted>) {
    super();
    this.adopt(socket);
    this.#socket = socket;
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    this.ends = { remoteAddress, remotePort, localAddress, localPort };
  }

  /** Closed on our side, with what is still on its way sent by the kernel. */
  endAll(): void {
    this.#socket.end();
  }
}

/** SystemError when the address is not to be had. */
export function listenForCommands({ host, port }: RcliAddress, options: RcliOptions): RcliListener {
  const { active, log, maxConnections = 256 } = options;
  const open = new Set<Accepted>();
  let listener: TCPSocketListener<Accepted>;
  try {
    listener = Bun.listen<Accepted>({
      hostname: host,
      port,
      allowHalfOpen: true,
      socket: {
        binaryType: "uint8array",
        open(socket) {
          active();
          const connection = new Accepted(socket);
          socket.data = connection;
          const work =
            open.size >= maxConnections
              ? refuse(connection, `too many connections: ${maxConnections} at once`)
              : serve(connection, options);
          open.add(connection);
          void work
            .catch((err: unknown) => log.warn("command connection failed", { error: errorText(err) }))
            .then(() => linger(connection));
        },
        data: (socket, bytes) => socket.data.on.data(socket, bytes),
        drain: (socket) => socket.data.on.drain(),
        end: (socket) => socket.data.on.end(),
        error: (socket, err) => socket.data.on.error(socket, err),
        close(socket, err) {
          active();
          open.delete(socket.data);
          socket.data.on.close(socket, err);
        },
      },
    });
  } catch (err) {
    throw new SystemError(`cannot listen on ${host}:${port}`, { cause: err });
  }
  prepareListeningSockets();
  return {
    close: () => {
      listener.stop();
      for (const connection of open) connection.close();
    },
  };
}

async function serve(connection: Accepted, options: RcliOptions): Promise<void> {
  const { log, groupID, lineTimeoutMs = 10_000 } = options;
  // Before anything is waited for: a client that closes early cannot be told from others later.
  const socket = peerSocket(connection.ends);
  const isStranger = socket !== undefined && socket.uid !== 0 && groupID === undefined;
  const peer = socket === undefined || isStranger ? undefined : await peerProcess(socket);
  const refusal = isStranger ? strangersRefusal : refusalOf(peer, groupID);
  if (refusal !== undefined) {
    log.warn("command connection refused", { ...socket, ...peer, reason: refusal });
    return await refuse(connection, refusal);
  }
  const words = await commandOf(connection, lineTimeoutMs);
  if (typeof words === "string") {
    log.info("no command came", { pid: peer?.pid, reason: words });
    return await refuse(connection, words);
  }
  const { runCommand } = await import("./run-command.ts");
  const gone = new AbortController();
  const stopWatching = watch(connection, () => gone.abort());
  try {
    await runCommand(words, connection, peer as Peer, gone.signal, options);
  } finally {
    stopWatching();
  }
}

/** The words, or why there are none. */
async function commandOf(connection: Accepted, timeoutMs: number): Promise<readonly string[] | string> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no command came within ${timeoutMs / 1000} s`), timeoutMs);
  });
  try {
    const line = readCommandLine(connection);
    line.catch(() => {}); // of one that comes too late
    const got = await Promise.race([line.then((text) => ({ text })), late]);
    return typeof got === "string" ? got : parseCommandLine(got.text);
  } catch (err) {
    if (err instanceof InvalidParameterError) return err.message;
    throw err;
  } finally {
    clearTimeout(timer);
  }
}

async function refuse(connection: Accepted, message: string): Promise<void> {
  await connection.write(`${notRaw}Error: ${message}\n`);
}

/**
 * Half-closes, and takes what the client still sends until it closes too: a connection that is closed with bytes unread
 * is reset, which could cost the client our last words.
 */
async function linger(connection: Accepted): Promise<void> {
  connection.endWrite();
  const timer = setTimeout(() => connection.endAll(), lingerMs);
  try {
    while ((await connection.read()) !== undefined);
  } catch {
    // It broke: there is nothing more to wait for.
  } finally {
    clearTimeout(timer);
    connection.endAll();
  }
}

/**
 * Calls `gone` when nobody is at the other end any more. A client that was killed has closed its half, as one that has
 * sent all its input: but nobody holds its socket then.
 */
function watch(connection: Accepted, gone: () => void): () => void {
  const timer = setInterval(() => {
    if (connection.closed || (connection.ended && peerSocket(connection.ends) === undefined)) gone();
  }, lookMs);
  return () => clearInterval(timer);
}
