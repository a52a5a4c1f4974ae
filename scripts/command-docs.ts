// `bun scripts/command-docs.ts` writes docs/commands.md from the command table; with --check it only looks whether the
// file is up to date, and ends with 1 where it is not.
import { join } from "node:path";
import type { Command, Flag } from "../src/cli/command.ts";
import { commands, globalFlags, groups } from "../src/cli/command-table.ts";
import { programName, valueName } from "../src/cli/help.ts";

const path = join(import.meta.dir, "../docs/commands.md");

function page(): string {
  const shown = commands.filter(({ hidden }) => !hidden).toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const below = (group: string) =>
    shown.filter(({ paths }) => paths.some((one) => one.startsWith(`${group} `)));
  const alone = shown.filter(({ paths }) => paths.every((one) => !one.includes(" ")));
  const sections = [
    section("Commands of no group", alone),
    ...groups.map(({ name, summary }) => section(`${programName} ${name}: ${lower(summary)}`, below(name))),
  ];
  return `# Commands

Made from the command table by \`bun scripts/command-docs.ts\`: change \`src/cli/table/\`, not this file. What differs from
Docker's client stands in [compatibility.md](compatibility.md).

\`${programName} [OPTIONS] COMMAND\`

${flagTable(globalFlags)}

${sections.join("\n")}`;
}

function section(title: string, list: readonly Command[]): string {
  return `## ${title}\n\n${list.map(entry).join("\n")}`;
}

function entry(command: Command): string {
  const { paths, usage, examples = [], flags } = command;
  const [usageLine = "", ...moreUsage] = usage.split("\n").map((line) => line.trim());
  const uses = [`${programName} ${nameOf(command)} ${usageLine}`.trimEnd(), ...moreUsage];
  const aliases = paths.filter((one) => one !== nameOf(command)).map((one) => `\`${programName} ${one}\``);
  const parts = [
    `### ${nameOf(command)}`,
    command.about ?? command.summary,
    code(uses),
    ...(aliases.length > 0 ? [`Also: ${aliases.join(", ")}`] : []),
    ...(examples.length > 0 ? ["For example:", code(examples)] : []),
    ...(flags.some(({ hidden }) => !hidden) ? [flagTable(flags)] : []),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** The short way to call it where there is one: that is what hands know. */
function nameOf({ paths }: Command): string {
  return paths.find((one) => !one.includes(" ")) ?? paths[0] ?? "";
}

function code(lines: readonly string[]): string {
  return `\`\`\`\n${lines.join("\n")}\n\`\`\``;
}

function flagTable(flags: readonly Flag[]): string {
  const rows = flags
    .filter(({ hidden }) => !hidden)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((flag) => {
      const names = [flag.short && `-${flag.short}`, `--${flag.name}`]
        .filter(Boolean)
        .map((one) => `\`${one}\``);
      const help = flag.help.replaceAll("\n", "<br>").replaceAll("|", "\\|");
      return `| ${names.join(", ")} | ${valueName(flag)} | ${flag.default ?? ""} | ${help} |`;
    });
  return ["| flag | value | default | |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function lower(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

const text = page();
if (process.argv.includes("--check")) {
  const upToDate = (await Bun.file(path).exists()) && (await Bun.file(path).text()) === text;
  if (!upToDate)
    console.log("docs/commands.md is not what the command table says: run bun scripts/command-docs.ts");
  process.exitCode = upToDate ? 0 : 1;
} else {
  await Bun.write(path, text);
}
