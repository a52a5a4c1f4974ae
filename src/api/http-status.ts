// The one place that knows which HTTP status stands for which kind of error.
import {
  ConflictError,
  ForbiddenError,
  InvalidParameterError,
  NotFoundError,
  NotImplementedError,
  ProgramNotStartedError,
  rootError,
  TooLargeError,
  UnauthorizedError,
  UnavailableError,
} from "../base/errors.ts";

const statuses = [
  [TooLargeError, 413],
  [InvalidParameterError, 400],
  [ProgramNotStartedError, 400],
  [UnauthorizedError, 401],
  [ForbiddenError, 403],
  [NotFoundError, 404],
  [ConflictError, 409],
  [NotImplementedError, 501],
  [UnavailableError, 503],
] as const;

/** Status for any thrown value. What no kind stands for is our fault or the machine's: 500. */
export function statusOf(err: unknown): number {
  const real = rootError(err);
  return statuses.find(([kind]) => real instanceof kind)?.[1] ?? 500;
}
