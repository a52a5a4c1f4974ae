// What a command of 2013 is: its own flags and words, and a handler that has today's command do the work.

import type { Context, Flag } from "../command.ts";
import { findCommand } from "../command-table.ts";
import { parseFlags } from "../flag-parser.ts";
import { flagsOf } from "../flags.ts";
import type { Flags } from "../flags.ts";
import { silent } from "../streams.ts";
import type { Output } from "../streams.ts";

export type OldCommand = {
  readonly name: string;
  /** What follows the name in the usage line. */
  readonly usage: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  readonly operands: { readonly min: number; readonly max?: number };
  /** The words from the second operand on are the program's, whatever they look like. */
  readonly runsProgram?: true;
  readonly handler: (context: Context, flags: Flags, operands: readonly string[]) => Promise<number>;
};

/** Runs a command line of today's table; `words` is one that its command takes. */
export async function today(context: Context, words: readonly string[]): Promise<number> {
  const found = findCommand(words);
  if (found.kind !== "command") throw new Error(`today has no command ${words.join(" ")}`);
  const { command, rest } = found;
  const { values, operands } = parseFlags(command.flags, rest, command.stopAtOperand === true);
  const handler = await command.load();
  return await handler(context, flagsOf(command.flags, values), operands);
}

/** The same, with only its failures told. */
export async function todaySilently(context: Context, words: readonly string[]): Promise<number> {
  return await today({ ...context, stdout: silent }, words);
}

/** With ids on stdout cut to the twelve digits that 2013 shows. They come in one piece, being written so. */
export function withShortIDs({ writeAll, windowSize, write }: Output): Output {
  const shorten = (text: string): string => text.replace(/^(?:sha256:)?([0-9a-f]{12})[0-9a-f]{52}$/gm, "$1");
  return {
    write: (data) => write(typeof data === "string" ? shorten(data) : data),
    writeAll,
    windowSize,
  };
}

/** A flag and its value as words of today's, if it was given. */
export function passOn(flags: Flags, old: string, name = old): readonly string[] {
  return flags.given(old) ? [`--${name}=${flags.text(old)}`] : [];
}
