// One question to one name server. Every question has a socket of its own: its random port and id are what an answer from
// anybody else would have to guess (RFC 5452).
import { insideNetns } from "../sys/namespace.ts";
import { FrameReader, framed } from "./frames.ts";
import { isAnswerTo, isTruncated } from "./message.ts";

export type Server = {
  readonly address: string;
  /** 53 when not given. */
  readonly port?: number;
  /** The network namespace to ask from; the host's own when not given. */
  readonly netnsPath?: string;
};

/** Rejects on no failure of a server's: `undefined` when there is no answer before the signal. */
export type Exchange = (server: Server, question: Buffer, signal: AbortSignal) => Promise<Buffer | undefined>;

const askAgainMs = 1500;

/** Over UDP, and again over TCP when the answer is too long for that. */
export const exchange: Exchange = async (server, question, signal) => {
  const answer = await exchangeUdp(server, question, signal);
  if (answer === undefined || !isTruncated(answer)) return answer;
  return (await exchangeTcp(server, question, signal)) ?? answer;
};

function exchangeUdp(server: Server, question: Buffer, signal: AbortSignal): Promise<Buffer | undefined> {
  return untilAnswered(signal, (done) => {
    const opening = from(server, () =>
      Bun.udpSocket({
        connect: { hostname: server.address, port: server.port ?? 53 },
        socket: {
          data: (_socket, packet) => {
            if (isAnswerTo(question, packet)) done(Buffer.from(packet));
          },
          // Nobody listens there (ECONNREFUSED), or there is no way to it.
          error: () => done(undefined),
        },
      }),
    );
    const send = (socket: Awaited<typeof opening>): void => {
      try {
        if (!socket.closed) socket.send(question);
      } catch {
        // The host's own firewall (EPERM), or no way there: no server, whatever the reason.
        done(undefined);
      }
    };
    opening.then(send, () => done(undefined));
    // A datagram may get lost, either way.
    const again = setInterval(() => void opening.then(send, () => {}), askAgainMs);
    return () => {
      clearInterval(again);
      void opening.then(
        (socket) => socket.close(),
        () => {},
      );
    };
  });
}

function exchangeTcp(server: Server, question: Buffer, signal: AbortSignal): Promise<Buffer | undefined> {
  return untilAnswered(signal, (done) => {
    const frames = new FrameReader();
    const opening = from(server, () =>
      Bun.connect({
        hostname: server.address,
        port: server.port ?? 53,
        socket: {
          // A question is some hundred bytes: a fresh connection takes it whole.
          open: (socket) => void socket.write(framed(question)),
          data: (_socket, piece) => {
            const answer = frames.push(piece).find((message) => isAnswerTo(question, message));
            if (answer !== undefined) done(Buffer.from(answer));
          },
          close: () => done(undefined),
          error: () => done(undefined),
          connectError: () => done(undefined),
        },
      }),
    );
    opening.catch(() => done(undefined));
    return () =>
      void opening.then(
        (socket) => socket.terminate(),
        () => {},
      );
  });
}

/** Bun makes a socket within the call, so that it belongs to the namespace of the moment. */
function from<T>({ netnsPath }: Server, open: () => Promise<T>): Promise<T> {
  try {
    return netnsPath === undefined ? open() : insideNetns(netnsPath, open);
  } catch (err) {
    // The container is gone, and its namespace with it.
    return Promise.reject(err);
  }
}

/** Resolves with what `begin` calls back with first, or `undefined` when the signal comes before; closes after either. */
function untilAnswered(
  signal: AbortSignal,
  begin: (done: (answer: Buffer | undefined) => void) => () => void,
): Promise<Buffer | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    let over = false;
    const stop = (): void => done(undefined);
    const done = (answer: Buffer | undefined): void => {
      if (over) return;
      over = true;
      signal.removeEventListener("abort", stop);
      resolve(answer);
      close();
    };
    const close = begin(done);
    signal.addEventListener("abort", stop);
  });
}
