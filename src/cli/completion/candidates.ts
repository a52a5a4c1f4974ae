// What may stand at the end of a command line, by the command table.

import type { Command, Flag } from "../command.ts";
import { commands, findCommand, globalFlags, groups } from "../command-table.ts";

export type Candidate = { readonly word: string; readonly help?: string };

export type Completable = {
  readonly candidates: readonly Candidate[];
  /** Names of the engine's objects may stand here as well. */
  readonly names?: NonNullable<Command["names"]>;
};

const nothing: Completable = { candidates: [] };

/** @param words without the program's name; the last one is being typed and may be empty. */
export function completable(words: readonly string[]): Completable {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const at = firstOperand(globalFlags, before);
  if (at === undefined) return typed.startsWith("-") ? flagCandidates(globalFlags) : topLevel();
  const found = findCommand(before.slice(at));
  switch (found.kind) {
    case "unknown":
      return nothing;
    case "group":
      return { candidates: belowGroup(found.group.name) };
    case "command":
      return afterCommand(found.command, found.rest, typed);
  }
}

function topLevel(): Completable {
  const names = commands.flatMap((command): Candidate[] =>
    command.hidden
      ? []
      : command.paths
          .filter((path) => !path.includes(" "))
          .map((word) => ({ word, help: firstLine(command.summary) })),
  );
  return { candidates: [...names, ...groups.map(({ name, summary }) => ({ word: name, help: summary }))] };
}

function belowGroup(group: string): readonly Candidate[] {
  const prefix = `${group} `;
  return commands.flatMap(({ paths, summary }): Candidate[] => {
    const path = paths.find((one) => one.startsWith(prefix));
    return path === undefined ? [] : [{ word: path.slice(prefix.length), help: firstLine(summary) }];
  });
}

function afterCommand(command: Command, before: readonly string[], typed: string): Completable {
  const operand = firstOperand(command.flags, before);
  // The rest of such a line belongs to the program that is run.
  if (command.stopAtOperand && operand !== undefined) return nothing;
  if (wantsValue(command.flags, before.at(-1))) return nothing;
  if (typed.startsWith("-")) return flagCandidates(command.flags);
  const count = operandCount(command.flags, before);
  if (command.operands.max !== undefined && count >= command.operands.max) return nothing;
  // `network connect NETWORK CONTAINER`: only the first is of the kind.
  const names = command.usage.includes("NETWORK CONTAINER") && count === 1 ? "container" : command.names;
  if (names !== undefined) return { candidates: [], names };
  const words = /^[a-z]+(?:\|[a-z]+)+$/.test(command.usage) ? command.usage.split("|") : [];
  return { candidates: words.map((word) => ({ word })) };
}

function flagCandidates(flags: readonly Flag[]): Completable {
  const shown = flags.filter((flag) => !flag.hidden);
  const candidates = shown
    .map((flag) => ({ word: `--${flag.name}`, help: firstLine(flag.help) }))
    .sort((a, b) => (a.word < b.word ? -1 : 1));
  return { candidates: [...candidates, { word: "--help", help: "Show the help page" }] };
}

/** Index of the first word that is neither a flag nor a flag's value. */
function firstOperand(flags: readonly Flag[], words: readonly string[]): number | undefined {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (!word.startsWith("-") || word === "-") return at;
    if (wantsValue(flags, word)) at++;
  }
  return undefined;
}

function operandCount(flags: readonly Flag[], words: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (wantsValue(flags, word)) at++;
    else if (!word.startsWith("-")) count++;
  }
  return count;
}

/** Whether the word is a flag whose value is the next word. */
function wantsValue(flags: readonly Flag[], word: string | undefined): boolean {
  if (word === undefined || !word.startsWith("-") || word.includes("=")) return false;
  const flag = word.startsWith("--")
    ? flags.find(({ name }) => name === word.slice(2))
    : flags.find(({ short }) => short !== undefined && word.endsWith(short));
  return flag !== undefined && flag.type !== "bool";
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
