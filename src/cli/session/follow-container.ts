// A container with us attached: what `run`, `start -a` and `attach` have in common.
//
//   attach ─┐ side by side, on connections of their own
//   wait  ──┴─► start, if it is to be started ──► output … ──► how it ended
//
// Attach and wait have to be in place before the start, or the first bytes and the end of a short program are lost.

import { actOnContainer, attachContainer, waitContainer } from "../../client/containers.ts";
import type { EngineClient } from "../../client/engine-client.ts";
import type { WaitAnswer } from "../../spec/docker.ts";
import type { SessionOptions } from "./session.ts";
import { proxySignals } from "./signals.ts";

export type FollowOptions = SessionOptions & {
  /** Pass our signals on to the program. */
  readonly signals: boolean;
  /** What to wait for: for a container that is removed at its end, that it is. */
  readonly until?: "next-exit" | "removed";
  readonly start?: () => Promise<void>;
};

/** Returns how the container ended, or "detached" when the user left. Throws what `start` throws. */
export async function followContainer(
  client: EngineClient,
  id: string,
  options: FollowOptions,
): Promise<WaitAnswer | "detached"> {
  const { stdin, output, detachKeys, tty } = options;
  const cleanUp: (() => void)[] = [];
  try {
    if (options.signals)
      cleanUp.push(proxySignals((signal) => actOnContainer(client, id, "kill", { signal })));
    const [connection, waiting] = await Promise.all([
      attachContainer(client, id, { stream: true, stdin, ...output, detachKeys: detachKeys || undefined }),
      waitContainer(client, id, options.until),
    ]);
    // What the wait has to say about a start that fails is of no interest.
    waiting.answer.catch(() => undefined);
    const starting = options.start?.();
    starting?.catch(() => undefined);
    // Loaded while the engine starts the program: it costs a millisecond.
    const { runSession } = await import("./session.ts");
    const session = runSession(connection, options);
    session.catch(() => undefined);
    try {
      await starting;
    } catch (err) {
      connection.close();
      await session.catch(() => undefined);
      throw err;
    }
    if (tty) {
      const { followSize } = await import("./terminal.ts");
      cleanUp.push(
        followSize(({ rows, columns }) => actOnContainer(client, id, "resize", { h: rows, w: columns })),
      );
    }
    return (await session) === "detached" ? "detached" : await waiting.answer;
  } finally {
    for (const undo of cleanUp) undo();
  }
}
