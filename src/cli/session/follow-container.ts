// A container with us attached: what `run`, `start -a` and `attach` have in common.
//
//   run ──► output … how it ended      all in one request, where the engine knows how
//
//   attach ─┐ side by side, on connections of their own
//   wait  ──┴─► start, if it is to be started ──► output … ──► how it ended
//
// Attach and wait have to be in place before the start, or the first bytes and the end of a short program are lost.

import { actOnContainer, attachContainer, waitContainer } from "../../client/containers.ts";
import { ProtocolError } from "../../client/errors.ts";
import type { RawStream } from "../../client/transport.ts";
import type { CreateContainerAnswer, WaitAnswer } from "../../spec/docker.ts";
import type { Context } from "../command.ts";
import type { SessionOptions } from "./session.ts";
import { proxySignals } from "./signals.ts";
import type { SignalProxy } from "./signals.ts";

export type FollowOptions = SessionOptions & {
  /** Pass our signals on to the program. */
  readonly signals: boolean;
  /** What to wait for: for a container that is removed at its end, that it is. */
  readonly until?: "next-exit" | "removed";
  readonly start?: () => Promise<void>;
};

/** Returns how the container ended, or "detached" when the user left. Throws what `start` throws. */
export async function followContainer(
  context: Context,
  id: string,
  options: FollowOptions,
): Promise<WaitAnswer | "detached"> {
  const { client } = context;
  const { stdin, output, detachKeys, tty } = options;
  const cleanUp: (() => void)[] = [];
  const started = Promise.withResolvers<void>();
  if (options.start === undefined) started.resolve();
  started.promise.catch(() => undefined);
  try {
    const ends: Promise<never>[] = [];
    if (options.signals) {
      const send = (signal: string) => actOnContainer(client, id, "kill", { signal });
      const proxy = proxySignals(context, started.promise, send);
      cleanUp.push(proxy.stop);
      ends.push(proxy.impatience);
    }
    const [connection, waiting] = await Promise.all([
      attachContainer(client, id, { stream: true, stdin, ...output, detachKeys: detachKeys || undefined }),
      waitContainer(client, id, options.until),
    ]);
    // What the wait has to say about a start that fails is of no interest.
    waiting.answer.catch(() => undefined);
    options.start?.().then(started.resolve, started.reject);
    // Loaded while the engine starts the program: it costs a millisecond.
    const { runSession } = await import("./session.ts");
    const session = runSession(context, connection, options);
    session.catch(() => undefined);
    try {
      await started.promise;
    } catch (err) {
      connection.close();
      await session.catch(() => undefined);
      throw err;
    }
    if (tty) {
      const { followSize } = await import("./terminal.ts");
      cleanUp.push(
        followSize(context, ({ rows, columns }) =>
          actOnContainer(client, id, "resize", { h: rows, w: columns }),
        ),
      );
    }
    const ended = async () => ((await session) === "detached" ? "detached" : await waiting.answer);
    return await Promise.race([ended(), ...ends]);
  } finally {
    started.reject(new Error("given up"));
    for (const undo of cleanUp) undo();
  }
}

export type Run = {
  readonly created: CreateContainerAnswer;
  /** Undefined: the engine has only created it. */
  readonly stream?: RawStream;
  readonly proxy?: SignalProxy;
};

/** Sends `run` (`runContainer`), with our signals passed on from the first moment. Throws what it throws. */
export async function proxiedRun(context: Context, signals: boolean, sent: Promise<Run>): Promise<Run> {
  const send = async (signal: string) =>
    actOnContainer(context.client, (await sent).created.Id, "kill", { signal });
  const proxy = signals ? proxySignals(context, sent, send) : undefined;
  let run: Run | undefined;
  try {
    run = await sent;
    return run.stream && proxy ? { ...run, proxy } : run;
  } finally {
    if (!run?.stream) proxy?.stop();
  }
}

/** The rest of it: until the end that the stream tells. */
export async function followRun(
  context: Context,
  stream: RawStream,
  proxy: SignalProxy | undefined,
  options: SessionOptions,
): Promise<WaitAnswer> {
  try {
    const { runSession } = await import("./session.ts");
    const session = runSession(context, stream, options);
    session.catch(() => undefined);
    const end = await Promise.race([session, ...(proxy ? [proxy.impatience] : [])]);
    if (typeof end === "string") throw new ProtocolError("the daemon's answer was cut off");
    return end;
  } finally {
    proxy?.stop();
  }
}
