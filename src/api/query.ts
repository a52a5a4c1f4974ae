// Query parameters as dockerd reads them.
import { InvalidParameterError } from "../base/errors.ts";
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
  if (value === "") return undefined;
  if (!/^[+-]?\d+$/.test(value))
    throw new InvalidParameterError(`strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw new InvalidParameterError(`strconv.Atoi: parsing ${JSON.stringify(value)}: value out of range`);
  return number;
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

/** `seconds` or `seconds.nanoseconds`; undefined when missing or empty. Clients turn dates and durations into this form. */
export function timestampOf(query: Query, key: string): Timestamp | undefined {
  const value = textOf(query, key);
  if (value === "") return undefined;
  const match = /^([+-]?\d{1,12})(?:\.(\d{0,20}))?$/.exec(value);
  if (!match)
    throw new InvalidParameterError(
      `invalid value for "${key}": invalid timestamp ${JSON.stringify(value)}: want seconds or seconds.nanoseconds`,
    );
  const [, seconds, fraction = ""] = match;
  return { seconds: Number(seconds), nanoseconds: Number(fraction.padEnd(9, "0").slice(0, 9)) };
}

/** The `filters` parameter: a JSON map of lists, or the older map of maps (`{"status":{"exited":true}}`). */
export function filtersOf(query: Query): Filters {
  const text = textOf(query, "filters");
  if (text === "") return noFilters;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new InvalidParameterError("invalid filter", { cause });
  }
  if (parsed === null) return noFilters;
  if (typeof parsed !== "object" || Array.isArray(parsed)) throw new InvalidParameterError("invalid filter");
  const filters = new Map<string, readonly string[]>();
  for (const [key, values] of Object.entries(parsed)) {
    const list = valuesOf(values);
    if (!list) throw new InvalidParameterError("invalid filter");
    if (list.length > 0) filters.set(key, list);
  }
  return filters;
}

/** dockerd ignores whether the map's values are true or false: the key counts. */
function valuesOf(values: unknown): readonly string[] | undefined {
  if (values === null) return [];
  if (typeof values !== "object") return undefined;
  if (Array.isArray(values)) {
    const list: readonly unknown[] = values;
    return list.every((value) => typeof value === "string") ? [...new Set(list)] : undefined;
  }
  return Object.values(values).every((value) => typeof value === "boolean" || value === null)
    ? Object.keys(values)
    : undefined;
}
