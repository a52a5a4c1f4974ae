// Query parameters as dockerd reads them.
import { InvalidParameterError } from "../base/errors.ts";
import { parseGoInt } from "../base/go-numbers.ts";
import { noFilters } from "../base/filters.ts";
import type { Filters } from "../base/filters.ts";

export type Query = URLSearchParams;

/** The first value, or "" when the parameter is not there (dockerd makes no difference between the two). */
export function textOf(query: Query, key: string): string {
  return query.get(key) ?? "";
}

const falseWords = new Set(["", "0", "no", "false", "none"]);

/** dockerd's booleans: "", 0, no, false and none are false, whatever else there is is true; `absent` where the key is missing. */
export function flagOf(query: Query, key: string, absent = false): boolean {
  const value = query.get(key);
  return value === null ? absent : !falseWords.has(value.trim().toLowerCase());
}

/** A whole number, or undefined when missing or empty. */
export function integerOf(query: Query, key: string): number | undefined {
  const value = textOf(query, key);
  return value === "" ? undefined : parseGoInt(value);
}

/** Rows or columns of a terminal: required, 0 to 2^32-1. `what` is "height" or "width". */
export function terminalSize(query: Query, key: string, what: string): number {
  const value = textOf(query, key);
  const refuse = (why: string): never => {
    throw new InvalidParameterError(`invalid resize ${what} ${JSON.stringify(value)}: ${why}`);
  };
  if (!/^-?\d+$/.test(value)) return refuse("invalid syntax");
  const number = Number(value);
  return number >= 0 && number < 2 ** 32 && !value.startsWith("-") ? number : refuse("value out of range");
}

/** A point in time since 1970. A double cannot hold it whole: logs are asked for by the nanosecond. */
export type Timestamp = { readonly seconds: number; readonly nanoseconds: number };

/**
 * `seconds` or `seconds.nanoseconds`; undefined when missing or empty. Clients turn dates and durations into this form.
 * `quote` is what Docker puts around the key when it refuses: it is not the same for all endpoints.
 */
export function timestampOf(query: Query, key: string, quote: `"` | `'` = `"`): Timestamp | undefined {
  const value = textOf(query, key);
  if (value === "") return undefined;
  const [seconds = "", fraction = ""] = value.split(/\.(.*)/s, 2);
  const problem = timestampProblem(seconds, fraction);
  if (problem !== undefined)
    throw new InvalidParameterError(
      `invalid value for ${quote}${key}${quote}: invalid timestamp ${JSON.stringify(value)}: ${problem}`,
    );
  return { seconds: Number(seconds), nanoseconds: Number(fraction.padEnd(9, "0").slice(0, 9)) };
}

/** Of a fraction, more than 9 digits are left out; the limit on them is Docker's. */
function timestampProblem(seconds: string, fraction: string): string | undefined {
  if (!/^[+-]?\d+$/.test(seconds)) return `invalid seconds ${JSON.stringify(seconds)}: invalid syntax`;
  if (!Number.isSafeInteger(Number(seconds)))
    return `invalid seconds ${JSON.stringify(seconds)}: value out of range`;
  if (fraction.length > 20) return `invalid nanoseconds: length ${fraction.length} exceeds maximum 20`;
  const at = fraction.search(/\D/);
  return at < 0
    ? undefined
    : `invalid nanoseconds: invalid character '${fraction.charAt(at)}' at position ${at}`;
}

/**
 * The `filters` parameter: a JSON map of lists, or the older map of maps (`{"status":{"exited":true}}`), the same for all
 * keys. Keys without values stay: a key that the endpoint does not know is refused even then.
 */
export function filtersOf(query: Query): Filters {
  const text = textOf(query, "filters");
  if (text === "") return noFilters;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new InvalidParameterError("invalid filter");
  }
  if (parsed === null) return noFilters;
  if (typeof parsed !== "object" || Array.isArray(parsed)) throw new InvalidParameterError("invalid filter");
  const entries = Object.entries(parsed);
  const ofLists = entries.map(([key, values]) => [key, fromList(values)] as const);
  const ofMaps = entries.map(([key, values]) => [key, fromMap(values)] as const);
  for (const read of [ofMaps, ofLists]) if (read.every(isRead)) return new Map(read);
  throw new InvalidParameterError("invalid filter");
}

type Values = readonly string[];

function isRead(entry: readonly [string, Values | undefined]): entry is readonly [string, Values] {
  return entry[1] !== undefined;
}

function fromList(values: unknown): Values | undefined {
  if (values === null) return [];
  const list: readonly unknown[] = Array.isArray(values) ? values : [0];
  return list.every((value) => typeof value === "string") ? [...new Set(list)] : undefined;
}

/** dockerd ignores whether the map's values are true or false: the key counts. */
function fromMap(values: unknown): Values | undefined {
  if (values === null) return [];
  if (typeof values !== "object" || Array.isArray(values)) return undefined;
  const areFlags = Object.values(values).every((value) => typeof value === "boolean" || value === null);
  return areFlags ? Object.keys(values) : undefined;
}
