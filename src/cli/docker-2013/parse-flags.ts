// Splits a command line by the rules of Go's flag package, which 2013 used: `-name value`, `-name=value`, one dash or two, and
// everything from the first operand on is an operand.

import type { Flag } from "../command.ts";
import { BadValueError } from "../flag-values.ts";
import { readValue } from "../flags.ts";
import type { FlagValue } from "../flags.ts";
import type { OldCommand } from "./old-command.ts";

export type OldParsed = {
  readonly values: ReadonlyMap<string, FlagValue>;
  readonly operands: readonly string[];
};

/** Undefined for what 2013 would not have understood: then it is said in today's words. */
export function parseOldFlags(command: OldCommand, words: readonly string[]): OldParsed | undefined {
  const values = new Map<string, FlagValue>();
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? "";
    if (!word.startsWith("-") || word === "-") break;
    if (word === "--") {
      at++;
      break;
    }
    const [, name = "", value] = /^--?([^=]+)(?:=([^]*))?$/.exec(word) ?? [];
    const flag = command.flags.find((one) => one.name === name);
    if (flag === undefined) return undefined;
    const text = value ?? (flag.type === "bool" ? "true" : words[++at]);
    if (text === undefined || !set(values, flag, text)) return undefined;
  }
  const operands = words.slice(at);
  const { min, max = Number.POSITIVE_INFINITY } = command.operands;
  if (operands.length < min || operands.length > max) return undefined;
  // Today's flags may stand behind operands.
  const own = command.runsProgram ? operands.slice(0, 1) : operands;
  return own.some((word) => word.startsWith("-") && word !== "-") ? undefined : { values, operands };
}

function set(values: Map<string, FlagValue>, flag: Flag, text: string): boolean {
  try {
    values.set(flag.name, readValue(flag.type, text, values.get(flag.name)));
    return true;
  } catch (err) {
    if (err instanceof BadValueError) return false;
    throw err;
  }
}
