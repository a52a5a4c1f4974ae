// Sends the bytes of one client over a connection of its own and tells what came back.
import { connect } from "node:net";
import { slowness } from "../harness/command.ts";
import type { Wire } from "./wire.ts";

export type Exchange = {
  /** What each answer on the connection said. */
  readonly statuses: readonly number[];
  /** The beginning of all that came back. */
  readonly text: string;
  /** The daemon said nothing at all within the time, though the client waited. */
  readonly silent: boolean;
};

const keptBytes = 64 * 1024;
/** A head has come, and then nothing for so long: a stream that goes on, or an answer complete on a kept connection. */
const quietMs = 40;
/** How long an answer may take: `stop` waits for its container. Half a request is held only for a moment. */
const patienceMs = 20_000 * slowness;
const halfMs = 250;

export function exchange(socketPath: string, { bytes, ending, isWhole }: Wire): Promise<Exchange> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath, allowHalfOpen: true });
    let text = "";
    let silent = false;
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      const statuses = [...text.matchAll(/(?:^|\n|\})HTTP\/1\.[01] (\d{3})/g)].map((match) =>
        Number(match[1]),
      );
      resolve({ statuses, text, silent });
    };
    let timer = setTimeout(
      () => {
        silent = isWhole && ending === "wait";
        finish();
      },
      isWhole ? patienceMs : halfMs,
    );
    socket.on("data", (chunk) => {
      if (text.length < keptBytes) text += chunk.toString("latin1");
      clearTimeout(timer);
      timer = setTimeout(finish, quietMs);
    });
    socket.on("end", finish);
    socket.on("close", finish);
    socket.on("error", finish); // The daemon may hang up on what it does not understand.
    socket.write(bytes);
    if (ending === "half-close") socket.end();
    if (ending === "cut") socket.once("connect", () => setTimeout(finish, 1));
  });
}
