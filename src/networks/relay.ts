// Published ports where the kernel cannot translate: from one IP family to the other, and from the host's own ::1.
// The daemon takes each connection and makes one to the container; the listener also keeps the port from others.
import { createSocket, type RemoteInfo, type Socket as DatagramSocket } from "node:dgram";
import type { Socket } from "bun";
import { errorText, SystemError, hasCode } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { isIpv6, type PortMapping } from "./port-mapping.ts";

/** Another program has the port, or the host has no such address. */
export class RelayPortError extends SystemError {
  readonly inUse: boolean;
  readonly port: number;
  constructor(port: number, cause: unknown) {
    super(errorText(cause), { cause });
    this.port = port;
    this.inUse = hasCode(cause, "EADDRINUSE");
  }
}

export type Relay = { close(): void };

/** Listens, for the first port of the mapping, when this resolves; `undefined` where the host has not got the IP family. RelayPortError when the port is not to be had. */
export async function openRelay(log: Log, route: PortMapping): Promise<Relay | undefined> {
  try {
    return route.protocol === "udp" ? await relayDatagrams(log, route) : relayStreams(log, route);
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException;
    if (code === "EAFNOSUPPORT") return undefined;
    throw new RelayPortError(route.hostPort, err);
  }
}

/** One end of a relayed connection: what it could not write yet, and the other end, which does not read as long. */
type End = { peer: Socket<End> | undefined; waiting: Buffer[]; ended: boolean };

const newEnd = (): End => ({ peer: undefined, waiting: [], ended: false });

/** Bytes go on as they come; an end whose receiver is slow is not read from until that has caught up. */
const streamHandlers = {
  data(socket: Socket<End>, bytes: Buffer): void {
    const { peer } = socket.data;
    if (peer === undefined) return;
    const written = peer.data.waiting.length > 0 ? 0 : Math.max(0, peer.write(bytes));
    if (written === bytes.length) return;
    peer.data.waiting.push(Buffer.from(bytes.subarray(written)));
    socket.pause();
  },
  drain(socket: Socket<End>): void {
    const { waiting, peer, ended } = socket.data;
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const written = Math.max(0, socket.write(first));
      if (written < first.length) {
        waiting[0] = first.subarray(written);
        return;
      }
      waiting.shift();
    }
    if (ended && peer === undefined) socket.end();
    else if (ended) socket.shutdown();
    else peer?.resume();
  },
  /** A half-close is passed on behind the last byte (Bun's `end` would close both halves). */
  end(socket: Socket<End>): void {
    const { peer } = socket.data;
    if (peer === undefined) return;
    peer.data.ended = true;
    if (peer.data.waiting.length === 0) peer.shutdown();
  },
  close(socket: Socket<End>): void {
    const { peer } = socket.data;
    socket.data.peer = undefined;
    if (peer === undefined) return;
    peer.data.peer = undefined;
    peer.data.ended = true;
    if (peer.data.waiting.length === 0) peer.end();
  },
  error(socket: Socket<End>): void {
    socket.data.peer?.terminate();
  },
};

function relayStreams(log: Log, { hostIp, hostPort, containerIp, containerPort }: PortMapping): Relay {
  const sockets = new Set<Socket<End>>();
  const closed = (socket: Socket<End>): void => {
    sockets.delete(socket);
    streamHandlers.close(socket);
  };
  // Bun's types do not know the first: without it the port of IPv4 would be taken too.
  const address = { ipv6Only: true, hostname: hostIp, port: hostPort };
  const listener = Bun.listen<End>({
    ...address,
    allowHalfOpen: true,
    data: newEnd(),
    socket: {
      ...streamHandlers,
      open(client) {
        client.data = newEnd();
        sockets.add(client);
        client.pause();
        Bun.connect<End>({
          hostname: containerIp,
          port: containerPort,
          allowHalfOpen: true,
          data: newEnd(),
          socket: {
            ...streamHandlers,
            open(server) {
              // The client may have gone while this was on its way.
              if (!sockets.has(client)) return server.terminate();
              sockets.add(server);
              server.data.peer = client;
              client.data.peer = server;
              client.resume();
            },
            close: closed,
          },
        }).catch((err: unknown) => {
          // As if nobody listened: that is what the kernel's own translation ends in.
          log.debug("relay cannot reach the container", {
            containerIp,
            containerPort,
            error: errorText(err),
          });
          client.terminate();
        });
      },
      close: closed,
    },
  });
  return {
    close() {
      listener.stop();
      for (const socket of sockets) socket.terminate();
    },
  };
}

/** A client that has been silent so long is forgotten, as the kernel's connection tracking does. */
const silenceMs = 90_000;

type Flow = { readonly socket: DatagramSocket; timer: NodeJS.Timeout };

function relayDatagrams(log: Log, route: PortMapping): Promise<Relay> {
  const { hostIp, hostPort, containerIp, containerPort } = route;
  const socket = createSocket(isIpv6(hostIp) ? { type: "udp6", ipv6Only: true } : { type: "udp4" });
  const flows = new Map<string, Flow>();
  const forget = (client: string): void => {
    const flow = flows.get(client);
    flows.delete(client);
    clearTimeout(flow?.timer);
    flow?.socket.close();
  };
  const flowOf = (client: string, { address, port }: RemoteInfo): Flow => {
    const known = flows.get(client);
    if (known !== undefined) return known;
    const toContainer = createSocket(isIpv6(containerIp) ? "udp6" : "udp4");
    const flow: Flow = { socket: toContainer, timer: setTimeout(() => forget(client), silenceMs).unref() };
    toContainer.on("message", (message) => {
      flow.timer.refresh();
      socket.send(message, port, address);
    });
    toContainer.on("error", (err) => {
      log.debug("relay cannot reach the container", { containerIp, containerPort, error: errorText(err) });
      forget(client);
    });
    flows.set(client, flow);
    return flow;
  };
  socket.on("message", (message, from) => {
    const flow = flowOf(`${from.address} ${from.port}`, from);
    flow.timer.refresh();
    flow.socket.send(message, containerPort, containerIp);
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(hostPort, hostIp, () => {
      socket.off("error", reject);
      socket.on("error", (err) => log.warn("relay failed", { hostIp, hostPort, error: errorText(err) }));
      resolve({
        close() {
          for (const client of flows.keys()) forget(client);
          socket.close();
        },
      });
    });
  });
}
