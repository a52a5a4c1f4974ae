// Errors by kind: a kind says what the caller should do, the message says what happened to what.
// Messages that a Docker client could read use Docker's words ("No such container: web").

export abstract class EngineError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

/** The caller's input is wrong: nothing was changed. Docker answers 400. */
export class InvalidParameterError extends EngineError {}

/** The same, of input that is too long to be looked at. Docker has no such limit; a server in front of one answers 413. */
export class TooLargeError extends InvalidParameterError {}

/** The caller is not who it must be. Docker answers 401. */
export class UnauthorizedError extends EngineError {}

/** Allowed to nobody here, by policy. Docker answers 403. */
export class ForbiddenError extends EngineError {}

/** The thing named does not exist. Docker answers 404. */
export class NotFoundError extends EngineError {}

/** The thing is in a state in which this cannot be done, or a name is taken. Docker answers 409. */
export class ConflictError extends EngineError {}

/** Known, but not made for this platform or this build. Docker answers 501. */
export class NotImplementedError extends EngineError {}

/** A part that is needed does not answer now (the monitor, a swarm manager). Docker answers 503. */
export class UnavailableError extends EngineError {}

/** Something outside failed: the kernel, a runtime, the disk. Docker answers 500. */
export class SystemError extends EngineError {}

/** A time limit passed. Docker answers 500 and names the limit. */
export class DeadlineError extends EngineError {}

/** The program of a container could not be started; `exitCode` is what `docker run` exits with (126 or 127). Docker answers 400. */
export class ProgramNotStartedError extends EngineError {
  readonly exitCode: 126 | 127 | 128;
  /** The program is there, but not this, which it is to be run by. */
  readonly interpreter: string | undefined;
  constructor(
    message: string,
    exitCode: 126 | 127 | 128,
    options?: ErrorOptions & { readonly interpreter?: string },
  ) {
    super(message, options);
    this.exitCode = exitCode;
    this.interpreter = options?.interpreter;
  }
}

/** Whether a call of node:fs or node:net failed with one of these codes ("ENOENT"). Our own system calls: `failedWith`. */
export function hasCode(err: unknown, ...codes: readonly string[]): boolean {
  return err instanceof Error && "code" in err && codes.some((code) => code === err.code);
}

/**
 * The error that started it all: a disposer that throws during `await using` wraps the real error in a
 * SuppressedError whose `.error` is the clean-up's failure and whose `.suppressed` is the real one.
 */
export function rootError(err: unknown): unknown {
  let current = err;
  while (current instanceof SuppressedError) current = current.suppressed;
  return current;
}

/** A one-line text for a thrown value of any type, with the chain of causes that the message does not repeat. */
export function errorText(err: unknown): string {
  const real = rootError(err);
  if (!(real instanceof Error)) return String(real);
  const parts = [real.message];
  let cause = real.cause;
  while (cause instanceof Error) {
    if (!parts.some((part) => part.includes((cause as Error).message))) parts.push(cause.message);
    cause = cause.cause;
  }
  return parts.join(": ");
}
