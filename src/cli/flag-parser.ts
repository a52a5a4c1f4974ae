// Splits a command line into flags and operands by pflag's rules, which are what Docker's users have in their fingers.
//
//   --name value   --name=value   --bool   --bool=false   -n value   -nvalue   -n=value   -abc   --

import type { Flag } from "./command.ts";
import { FlagError } from "./failure.ts";
import { BadValueError } from "./flag-values.ts";
import { readValue } from "./flags.ts";
import type { FlagValue } from "./flags.ts";
import { nearest } from "./suggestion.ts";

export type Parsed = {
  readonly values: ReadonlyMap<string, FlagValue>;
  readonly operands: readonly string[];
  /** `--help` or `-h` was asked for; everything else may be incomplete. */
  readonly help: boolean;
  /** Sentences for stderr: old spellings that were used. */
  readonly warnings: readonly string[];
};

const helpFlag: Flag = { name: "help", type: "bool", help: "" };

/** Throws FlagError. With `stopAtOperand`, everything from the first operand on is an operand. */
export function parseFlags(table: readonly Flag[], words: readonly string[], stopAtOperand: boolean): Parsed {
  const values = new Map<string, FlagValue>();
  const operands: string[] = [];
  const warnings: string[] = [];
  const state = { help: false };

  const set = (flag: Flag, text: string) => {
    if (flag.deprecated !== undefined)
      warnings.push(`Flag --${flag.name} has been deprecated, ${flag.deprecated}`);
    if (flag === helpFlag) state.help = true;
    const name = flag.aliasOf ?? flag.name;
    try {
      values.set(name, readValue(flag.type, text, values.get(name)));
    } catch (err) {
      if (err instanceof BadValueError) throw invalidValue(flag, text, err.message);
      throw err;
    }
  };

  let at = 0;
  /** One word that starts with "--". */
  const long = (word: string) => {
    const equals = word.indexOf("=");
    const name = word.slice(2, equals < 0 ? undefined : equals);
    if (name === "" || name.startsWith("-")) throw new FlagError(`bad flag syntax: ${word}`);
    const flag = name === "help" ? helpFlag : table.find((candidate) => candidate.name === name);
    if (flag === undefined) throw new FlagError(`unknown flag: --${name}${suggestion(table, name)}`);
    if (equals >= 0) set(flag, word.slice(equals + 1));
    else if (flag.type === "bool") set(flag, "true");
    else set(flag, following(`--${name}`));
  };
  /** One word of letters: the last one may take a value, all before it are switches. */
  const short = (word: string) => {
    for (let letters = word.slice(1); letters !== "";) {
      const letter = letters.slice(0, 1);
      letters = letters.slice(1);
      const flag = table.find((candidate) => candidate.short === letter);
      if (flag === undefined && letter === "h") {
        warnings.push("Flag shorthand -h has been deprecated, use --help");
        state.help = true;
        return;
      }
      if (flag === undefined)
        throw new FlagError(`unknown shorthand flag: '${letter}' in -${letter}${letters}`);
      if (letters.length > 1 && letters.startsWith("=")) {
        set(flag, letters.slice(1));
        return;
      }
      if (flag.type === "bool") {
        set(flag, "true");
        continue;
      }
      set(flag, letters === "" ? following(`'${letter}' in -${letter}`) : letters);
      return;
    }
  };
  const following = (flag: string): string => {
    const word = words[at];
    if (word === undefined) throw new FlagError(`flag needs an argument: ${flag}`);
    at++;
    return word;
  };

  while (at < words.length && !state.help) {
    const word = words[at] as string;
    at++;
    if (word === "--") {
      operands.push(...words.slice(at));
      break;
    }
    if (word.startsWith("--")) long(word);
    else if (word.startsWith("-") && word.length > 1) short(word);
    else {
      operands.push(word);
      if (!stopAtOperand) continue;
      operands.push(...words.slice(at));
      break;
    }
  }
  return { values, operands, help: state.help, warnings };
}

/** The complaint about a value, in pflag's words. */
export function invalidValue(flag: Flag, text: string, reason: string): FlagError {
  const name = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`;
  return new FlagError(`invalid argument ${JSON.stringify(text)} for "${name}" flag: ${reason}`);
}

function suggestion(table: readonly Flag[], name: string): string {
  const near = nearest(
    name,
    table.flatMap((flag) => (flag.hidden ? [] : [flag.name])),
  );
  return near === undefined ? "" : `\nDid you mean --${near}?`;
}
