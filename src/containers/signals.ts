// Signals as a user gives them.
import { InvalidParameterError } from "../base/errors.ts";
import { signalNumberOf } from "../spec/signals.ts";

/** The number of a signal given by name or number; InvalidParameterError in Docker's words for anything else. */
export function signalNumber(text: string): number {
  const number = signalNumberOf(text);
  if (number === undefined) throw new InvalidParameterError(`Invalid signal: ${text}`);
  return number;
}
