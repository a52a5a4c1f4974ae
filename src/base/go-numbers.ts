// Whole numbers as Go's strconv reads them, refused in its words.
import { InvalidParameterError } from "./errors.ts";

/** strconv.Atoi: an int64, with a sign or without. Beyond 2^53 the nearest number that there is. */
export function parseGoInt(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) return refuse(text, "invalid syntax");
  const whole = BigInt(text.replace("+", ""));
  return BigInt.asIntN(64, whole) === whole ? Number(whole) : refuse(text, "value out of range");
}

function refuse(text: string, why: string): never {
  throw new InvalidParameterError(`strconv.Atoi: parsing ${JSON.stringify(text)}: ${why}`);
}
