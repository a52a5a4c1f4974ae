// Passes the signals that we get on to the container: Ctrl-C and `kill` on the client reach the program.

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

/** @returns stops passing signals on: they have their usual effect again. */
export function proxySignals(send: (signal: string) => Promise<void>): () => void {
  const handlers = passedOn.map((signal) => {
    const handler = () => {
      // The program may be over already: then there is nobody to tell.
      send(signal.slice("SIG".length)).catch(() => undefined);
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}
