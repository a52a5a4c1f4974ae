// Points in time as `--since` and `--until` take them: a time, or how long ago.

import { CommandError } from "./failure.ts";
import { BadValueError, parseDuration } from "./flag-values.ts";

const timePattern =
  /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}(?::\d{2}(?::\d{2})?)?)(?:[.,](\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?$/;

/**
 * "42m", "2013-01-02T13:23:37.5Z", "2013-01-02", "1357132980.25" -> Unix seconds, with a fraction where a time
 * has one, as the API takes them. A time without a zone is local.
 */
export function parseTimestamp(text: string, nowMs: number): string {
  if (/^-?\d+(?:\.\d{1,9})?$/.test(text)) return text;
  try {
    // In whole seconds, as docker's client counts back: `--until 0s` is the beginning of this second.
    return String(Math.floor((nowMs - parseDuration(text) / 1e6) / 1000));
  } catch (err) {
    if (!(err instanceof BadValueError)) throw err;
  }
  const match = timePattern.exec(text);
  if (!match) throw new CommandError(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
  const [, date = "", clock = "00", fraction = "", zone = ""] = match;
  const full = [...clock.split(":"), "00", "00"].slice(0, 3).join(":");
  const ms = Date.parse(`${date}T${full}${zone}`);
  if (Number.isNaN(ms))
    throw new CommandError(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
  return `${Math.trunc(ms / 1000)}.${fraction.padEnd(9, "0")}`;
}
