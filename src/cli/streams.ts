// What a command reads and writes, and the signals that reach it. In the client these are the process's own
// (process-streams.ts); a command that runs elsewhere on a user's behalf gets others.

export type WindowSize = { readonly rows: number; readonly columns: number };

export type Output = {
  /**
   * Resolves when everything has been handed on.
   * @throws CommandError with the exit code of a program that SIGPIPE ended, when nobody reads any more.
   */
  readonly write: (data: string | Uint8Array) => Promise<void>;
  /** The same for pieces in order: a container's output, where copying them together would be dear. */
  readonly writeAll: (parts: Uint8Array[]) => Promise<void>;
  /** The size of the terminal (0 x 0 where it does not know its own); undefined where this is none. */
  readonly windowSize: () => Promise<WindowSize | undefined>;
};

export type Input = {
  /** Its bytes; may be asked for once. */
  readonly bytes: () => ReadableStream<Uint8Array>;
  /** Undefined where that cannot be known. */
  readonly isTerminal: () => Promise<boolean | undefined>;
  /** Raw mode, where it is a terminal, until the returned function is called (more than once does no harm). */
  readonly makeRaw: () => Promise<() => void>;
  /** `makeRaw` will follow: for streams where that can be said before the first output only. */
  readonly expectRaw?: () => Promise<void>;
};

export type Streams = {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether both outputs go to the same terminal, pipe or file. */
  readonly outputsAreOne: () => Promise<boolean>;
  /** Takes a signal ("SIGINT", "SIGWINCH") over from its usual effect; returns what gives it back. */
  readonly onSignal: (signal: NodeJS.Signals, handler: () => void) => () => void;
};

/** Exit code of a program that SIGPIPE ended, which is how `docker ps | head -1` ends. */
export const brokenPipeExitCode = 141;

/** Takes everything and says nothing: for `--quiet`. */
export const silent: Output = {
  write: () => Promise.resolve(),
  writeAll: () => Promise.resolve(),
  windowSize: () => Promise.resolve(undefined),
};
