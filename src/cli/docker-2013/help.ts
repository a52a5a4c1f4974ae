// Help pages in the form of 2013.

import type { Flag } from "../command.ts";
import { programName } from "../help.ts";
import { oldCommands } from "./commands.ts";
import type { OldCommand } from "./old-command.ts";

/** The answer to no command at all. */
export function oldMainPage(): string {
  const commands = oldCommands.map(({ name, summary }) => `    ${name.padEnd(10)}${summary}`);
  return (
    `Usage: ${programName} COMMAND [arg...]\n\nA self-sufficient runtime for linux containers.\n\nCommands:\n` +
    `${commands.join("\n")}\n\n` +
    'These answer as in 2013. Today\'s commands and flags are understood here too: ["container","ls"], ["ps","--all"].\n'
  );
}

export function oldCommandPage({ name, usage, summary, flags }: OldCommand): string {
  return `\nUsage: ${programName} ${[name, usage].filter(Boolean).join(" ")}\n\n${summary}\n\n${flags.map(flagLine).join("")}`;
}

/** As Go's flag package prints defaults. */
function flagLine({ name, type, default: value, help }: Flag): string {
  const text = value ?? (type === "bool" ? "false" : type === "int" ? "0" : type === "list" ? "[]" : '""');
  return `  -${name}=${text}: ${help}\n`;
}
