// Lists of things by `--format`: a table, a table from a template, JSON lines, or a template for each line.

import { parseTemplate, renderHeader, renderTemplate, TemplateError } from "../template/template.ts";
import type { Template } from "../template/template.ts";
import { Row } from "../template/values.ts";
import { CommandError } from "../failure.ts";
import { toRowJson } from "./row-json.ts";
import { alignTabs } from "./tab-writer.ts";

export type Listing = {
  /** Template of the default table, without "table". */
  readonly table: string;
  /** Header of each column that a table can have. */
  readonly headers: Readonly<Record<string, string>>;
  /** Template for `--quiet`. */
  readonly quiet: string;
  /** How complaints about a template begin, where it is not the usual way. */
  readonly words?: ErrorWords;
};

type ErrorWords = { readonly parse: string; readonly execute: string };

const usualWords: ErrorWords = { parse: "template parsing error", execute: "template parsing error" };

export type FormatChoice = { readonly format: string; readonly quiet: boolean };

/** What `--format` asks for, taken apart once for all rows. */
export type Format = {
  readonly template: Template;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly source: string;
  /** `--format` as it was written. */
  readonly asked: string;
  readonly words: ErrorWords;
};

/** @throws CommandError for a template that cannot be read. */
export function chooseFormat(listing: Listing, { format, quiet }: FormatChoice): Format {
  const asked = quiet ? listing.quiet : format || "table";
  const isTable = asked.startsWith("table");
  const rest = isTable ? asked.slice("table".length).trim() : asked;
  const chosen = isTable && rest === "" ? listing.table : rest;
  const source = (chosen === "json" ? "{{json .}}" : chosen).replaceAll("\\t", "\t").replaceAll("\\n", "\n");
  const words = listing.words ?? usualWords;
  try {
    const template = parseTemplate(source);
    return { template, source, asked, words, headers: isTable ? listing.headers : undefined };
  } catch (err) {
    if (err instanceof TemplateError) throw new CommandError(`${words.parse}: ${err.message}`);
    throw err;
  }
}

/** The text of a list, header included. */
export function renderList(format: Format, rows: readonly Row[]): string {
  const lines: string[] = [];
  try {
    if (format.headers !== undefined) lines.push(renderHeader(format.template, headerRow(format.headers)));
    for (const row of rows) {
      lines.push(format.source === "{{json .}}" ? toRowJson(row) : renderTemplate(format.template, row));
    }
  } catch (err) {
    if (err instanceof TemplateError) throw new CommandError(`${format.words.execute}: ${err.message}`);
    throw err;
  }
  const text = lines.map((line) => `${line}\n`).join("");
  return format.headers === undefined ? text : alignTabs(text);
}

/** Whether the user's template looks at a column, which may be dear to compute (sizes). A whole row as JSON does. */
export function mentions(format: Format, column: string): boolean {
  return format.asked.includes(`.${column}`) || /\bjson \.[^\w]/.test(format.asked);
}

/** `.Label "com.example.some-thing"` is headed "some thing". */
function labelHeader(name: unknown): string {
  return (String(name).split(".").at(-1) ?? "").replaceAll(/[-_]/g, " ");
}

/** Column names in the place of values. */
function headerRow(headers: Readonly<Record<string, string>>): Row {
  const fields = Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, () => header]));
  return new Row("formatter.SubHeaderContext", { ...fields, Label: labelHeader });
}
