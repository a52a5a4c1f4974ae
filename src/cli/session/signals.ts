// Passes the signals that we get on to the container: Ctrl-C and `kill` on the client reach the program.

import { CommandError } from "../failure.ts";
import type { Streams } from "../streams.ts";

/**
 * Every signal that can be caught, but those that are ours alone: CHLD (our own children), PIPE (our own pipes), PWR (the garbage collector of JavaScriptCore),
 * URG (runtimes use it inside), WINCH (handled as a size), and those of job control, which stop the client itself.
 */
const passedOn = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGCONT",
] as const;

/** A program that does not heed Ctrl-C must not hold the user: so many, and the client leaves. */
const patience = 3;

export type SignalProxy = {
  /** Rejects when the user has asked us to end three times. */
  readonly impatience: Promise<never>;
  /** Signals have their usual effect again. */
  readonly stop: () => void;
};

/** @param started signals that come earlier are kept until then. */
export function proxySignals(
  { onSignal }: Streams,
  started: Promise<unknown>,
  send: (signal: string) => Promise<void>,
): SignalProxy {
  const { promise: impatience, reject } = Promise.withResolvers<never>();
  impatience.catch(() => undefined);
  let requests = 0;
  const pass = async (signal: string) => {
    try {
      await started;
      await send(signal);
    } catch {
      // The program did not start, or is over already: then there is nobody to tell.
    }
  };
  const undo = passedOn.map((signal) =>
    onSignal(signal, () => {
      if (signal === "SIGINT" || signal === "SIGTERM") requests++;
      if (requests === patience)
        reject(new CommandError(`got ${patience} SIGTERM/SIGINTs, forcefully exiting`));
      void pass(signal.slice("SIG".length));
    }),
  );
  return {
    impatience,
    stop: () => {
      for (const stop of undo) stop();
    },
  };
}
