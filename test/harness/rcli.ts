// The command protocol of 2013 as its clients spoke it, over a plain socket.
import { connect, type Socket } from "node:net";

export type Spoken = {
  /** What the options line says. */
  readonly raw: boolean;
  readonly text: string;
  readonly bytes: Buffer;
};

export type Conversation = {
  readonly socket: Socket;
  /** What has come until now, options line included. */
  readonly seen: () => string;
  readonly waitFor: (text: string) => Promise<void>;
  readonly ended: Promise<Spoken>;
};

/** Sends a command; `words` may also be the first bytes as they are. */
export function converse(port: number, words: readonly string[] | string): Conversation {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const pieces: Buffer[] = [];
  let wake: () => void = () => {};
  socket.on("data", (piece: Buffer) => {
    pieces.push(piece);
    wake();
  });
  const seen = (): string => Buffer.concat(pieces).toString();
  socket.write(typeof words === "string" ? words : `${JSON.stringify(words)}\n`);
  const ended = new Promise<Spoken>((resolve, reject) => {
    socket.on("end", () => {
      socket.end();
      resolve(spoken(Buffer.concat(pieces)));
    });
    socket.on("error", reject);
  });
  ended.catch(() => {});
  return {
    socket,
    seen,
    ended,
    waitFor: async (text) => {
      const late = Bun.sleep(20_000).then(() => "late");
      while (!seen().includes(text)) {
        const more = new Promise<void>((resolve) => (wake = resolve));
        if ((await Promise.race([more, late, ended])) !== undefined && !seen().includes(text))
          throw new Error(`waited in vain for ${JSON.stringify(text)} in ${JSON.stringify(seen())}`);
      }
    },
  };
}

function spoken(bytes: Buffer): Spoken {
  const end = bytes.indexOf("\n");
  const { RawTerminal } = JSON.parse(bytes.toString("utf8", 0, end)) as { RawTerminal: boolean };
  const rest = bytes.subarray(end + 1);
  return { raw: RawTerminal, text: rest.toString(), bytes: rest };
}

/** One command to its end, with `input` and then the end of input. */
export async function command(
  port: number,
  words: readonly string[],
  input: string | Uint8Array = "",
): Promise<Spoken> {
  const { socket, ended } = converse(port, words);
  socket.end(input);
  return await ended;
}
