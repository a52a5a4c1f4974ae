// The flags of one call, as its handler reads them: by name, with the table's defaults.

import type { Flag, FlagType } from "./command.ts";
import {
  parseBool,
  parseBytes,
  parseCpus,
  parseDuration,
  parseFilter,
  parseInteger,
  parseUnsigned,
} from "./flag-values.ts";

export type FlagValue = boolean | number | string | readonly string[];

/** Filters as the API takes them: {"status": ["exited"]}. */
export type Filters = Readonly<Record<string, readonly string[]>>;

export type Flags = {
  /** Whether it was on the command line. */
  readonly given: (name: string) => boolean;
  readonly bool: (name: string) => boolean;
  readonly text: (name: string) => string;
  readonly number: (name: string) => number;
  readonly list: (name: string) => readonly string[];
  readonly map: (name: string) => Readonly<Record<string, string>>;
  readonly filters: (name: string) => Filters;
};

/** How each type is read; a repeated flag gets what was there before. Each throws BadValueError. */
const readers: Readonly<Record<FlagType, (text: string, before: FlagValue | undefined) => FlagValue>> = {
  bool: parseBool,
  string: (text) => text,
  int: parseInteger,
  uint16: (text) => parseUnsigned(text, 16),
  bytes: parseBytes,
  "swap-bytes": (text) => (text === "-1" ? -1 : parseBytes(text)),
  cpus: parseCpus,
  duration: parseDuration,
  filter: (text, before) => {
    parseFilter(text);
    return [...asList(before), text];
  },
  strings: (text, before) => [...asList(before), ...text.split(",")],
  list: (text, before) => [...asList(before), text],
  map: (text, before) => [...asList(before), text],
};

/** Throws BadValueError. */
export function readValue(type: FlagType, text: string, before: FlagValue | undefined): FlagValue {
  return readers[type](text, before);
}

function asList(value: FlagValue | undefined): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

/** Looks values up; asking for a flag that the table does not have is a mistake in the program. */
export function flagsOf(table: readonly Flag[], values: ReadonlyMap<string, FlagValue>): Flags {
  const byName = new Map(table.map((flag) => [flag.name, flag]));
  const find = (name: string): FlagValue | undefined => {
    const given = values.get(name);
    if (given !== undefined) return given;
    const flag = byName.get(name);
    if (flag === undefined) throw new Error(`this command has no flag --${name}`);
    return flag.default === undefined ? undefined : readValue(flag.type, flag.default, undefined);
  };
  const list = (name: string): readonly string[] => asList(find(name));
  return {
    given: (name) => values.has(name),
    bool: (name) => find(name) === true,
    text: (name) => String(find(name) ?? ""),
    number: (name) => Number(find(name) ?? 0),
    list,
    map: (name) => Object.fromEntries(list(name).map(splitPair)),
    filters: (name) => {
      const filters: Record<string, string[]> = {};
      for (const [key, value] of list(name).map(parseFilter)) (filters[key] ??= []).push(value);
      return filters;
    },
  };
}

/** "a=b=c" -> ["a", "b=c"], "a" -> ["a", ""]. */
export function splitPair(text: string): readonly [key: string, value: string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
