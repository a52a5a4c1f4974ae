// Help pages, made from the command table in the layout that Docker's users know.

import type { Command, Flag, Group, Section } from "./command.ts";
import { commands, globalFlags, groups } from "./command-table.ts";

export const programName = "sampan";

const groupUsage = "COMMAND";
const valueNames: Readonly<Record<Flag["type"], string>> = {
  bool: "",
  string: "string",
  int: "int",
  uint16: "uint16",
  list: "list",
  strings: "strings",
  map: "map",
  bytes: "bytes",
  "swap-bytes": "bytes",
  cpus: "decimal",
  duration: "duration",
  filter: "filter",
};

/** What help calls the value of a flag; "" for a switch. */
export function valueName(flag: Flag): string {
  return flag.value ?? valueNames[flag.type];
}

/** "Usage:  sampan ps [OPTIONS]". */
export function usageLine(path: string, usage: string): string {
  return `Usage:  ${[programName, path, usage].filter(Boolean).join(" ")}`;
}

/** The page of one command; `columns` is the width of the terminal. */
export function commandPage(command: Command, path: string, columns: number): string {
  const parts = [usageLine(path, command.usage), command.about ?? command.summary];
  if (command.paths.length > 1) {
    parts.push(`Aliases:\n  ${command.paths.map((alias) => `${programName} ${alias}`).join(", ")}`);
  }
  if (command.examples) {
    parts.push(`Examples:\n${command.examples.map((example) => `  ${example}`).join("\n")}`);
  }
  if (command.flags.some((flag) => !flag.hidden)) parts.push(`Options:\n${flagList(command.flags, columns)}`);
  return `${parts.join("\n\n")}\n`;
}

/** The page of a word that has commands below it. */
export function groupPage(group: Group): string {
  const prefix = `${group.name} `;
  const rows = commands.flatMap((command): Row[] => {
    const path = command.paths.find((candidate) => candidate.startsWith(prefix));
    return path === undefined ? [] : [{ name: path.slice(prefix.length), summary: command.summary }];
  });
  return [
    usageLine(group.name, groupUsage),
    group.summary,
    `Commands:\n${rowList(rows)}`,
    `Run '${programName} ${group.name} COMMAND --help' for more information on a command.\n`,
  ].join("\n\n");
}

/** The first page. */
export function mainPage(columns: number): string {
  return [
    usageLine("", `[OPTIONS] ${groupUsage}`),
    "A container engine in one executable",
    // By use, not by name: the table's own order.
    `Common Commands:\n${rowList(sectionRows("common"), false)}`,
    `Management Commands:\n${rowList(groups)}`,
    `Commands:\n${rowList(sectionRows("commands"))}`,
    `Global Options:\n${flagList(globalFlags, columns)}`,
    `Run '${programName} COMMAND --help' for more information on a command.\n`,
  ].join("\n\n");
}

type Row = { readonly name: string; readonly summary: string };

function sectionRows(section: Section): readonly Row[] {
  return commands.flatMap((command): Row[] => {
    const name = command.paths.find((path) => !path.includes(" "));
    return command.section !== section || name === undefined ? [] : [{ name, summary: command.summary }];
  });
}

function rowList(rows: readonly Row[], sorted = true): string {
  const ordered = sorted ? [...rows].sort((a, b) => (a.name < b.name ? -1 : 1)) : rows;
  return ordered.map(({ name, summary }) => `  ${name.padEnd(11)} ${summary}`).join("\n");
}

function flagList(flags: readonly Flag[], columns: number): string {
  const shown = flags.filter((flag) => !flag.hidden).sort((a, b) => (a.name < b.name ? -1 : 1));
  const heads = shown.map((flag) => {
    const short = flag.short === undefined ? "    " : `-${flag.short}, `;
    return `  ${short}--${flag.name} ${valueName(flag)}`.trimEnd();
  });
  const width = Math.max(...heads.map((head) => head.length)) + 3;
  return shown.map((flag, index) => heads[index]?.padEnd(width) + flagText(flag, width, columns)).join("\n");
}

function flagText(flag: Flag, indent: number, columns: number): string {
  const quoted = flag.type === "string" ? JSON.stringify(flag.default) : flag.default;
  const text = flag.default === undefined ? flag.help : `${flag.help} (default ${quoted})`;
  // One column is left free, and a text that has no room beside the flag's name would be worse below it.
  const room = Math.max(columns - 1 - indent, 24);
  return text
    .split("\n")
    .flatMap((paragraph) => wrap(paragraph, room))
    .join(`\n${" ".repeat(indent)}`);
}

/** Breaks a line between words so that no part is longer than `width`. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
