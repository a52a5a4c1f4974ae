// The `filters` of the Engine API's list, prune and event calls: key -> values, and the ways in which a value can match.
// A key that was not given, or given no value, filters nothing: every matcher answers true for it.
import { InvalidParameterError } from "./errors.ts";
import { goRegExp } from "./go-regexp.ts";
import { parseMoment } from "./moment.ts";

export type Filters = ReadonlyMap<string, readonly string[]>;

export const noFilters: Filters = new Map();

/** Refuses keys that are not in `accepted`, in Docker's words. */
export function checkFilterKeys(filters: Filters, accepted: ReadonlySet<string>): void {
  for (const key of filters.keys())
    if (!accepted.has(key)) throw new InvalidParameterError(`invalid filter '${key}'`);
}

/** The values of a key; undefined where there are none to filter by. */
export function valuesOf(filters: Filters, key: string): readonly string[] | undefined {
  const values = filters.get(key);
  return values && values.length > 0 ? values : undefined;
}

/** One of the values is the text itself. */
export function matchesExactly(filters: Filters, key: string, text: string): boolean {
  return valuesOf(filters, key)?.includes(text) ?? true;
}

/** One of the values is a beginning of the text. */
export function matchesPrefix(filters: Filters, key: string, text: string): boolean {
  return valuesOf(filters, key)?.some((value) => text.startsWith(value)) ?? true;
}

/** One of the values is the text, or a regular expression found in it; a broken expression matches nothing. */
export function matchesPattern(filters: Filters, key: string, text: string): boolean {
  return valuesOf(filters, key)?.some((value) => value === text || goRegExp(value)?.test(text)) ?? true;
}

/** All values hold: `k` (the key exists) or `k=v` (it has that value). As Docker, several labels are and-ed. */
export function matchesLabels(
  filters: Filters,
  key: string,
  labels: Readonly<Record<string, string>>,
): boolean {
  return filters.get(key)?.every((value) => hasLabel(labels, value)) ?? true;
}

/** Not all of the values hold: the `label!=` of prune, which dockerd takes as "not (all of them)". */
export function lacksLabels(
  filters: Filters,
  key: string,
  labels: Readonly<Record<string, string>>,
): boolean {
  return !(valuesOf(filters, key)?.every((value) => hasLabel(labels, value)) ?? false);
}

/** Unix milliseconds of the `until` of a prune, Infinity without one; refused where there are several. */
export function untilFilter(filters: Filters, now: Date): number {
  const [text, ...more] = filters.get("until") ?? [];
  if (more.length > 0) throw new InvalidParameterError("more than one until filter specified");
  return text === undefined ? Infinity : parseMoment(text, now);
}

/** The one boolean that a key holds, or `fallback` when it was not given. Two different values are refused, and none. */
export function booleanFilter(filters: Filters, key: string, fallback: boolean): boolean {
  const values = filters.get(key);
  if (!values) return fallback;
  const isTrue = values.some((value) => value === "1" || value === "true");
  const isFalse = values.some((value) => value === "0" || value === "false");
  if (isTrue === isFalse) throw new InvalidParameterError(`invalid filter '${key}=[${values.join(" ")}]'`);
  return isTrue;
}

function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  if (equals < 0) return Object.hasOwn(labels, wanted);
  const name = wanted.slice(0, equals);
  return Object.hasOwn(labels, name) && labels[name] === wanted.slice(equals + 1);
}
