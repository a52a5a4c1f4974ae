// Go templates, as much of the language as `--format` is used with. The face of this folder.
//
//   text -> lexer -> tokens -> parser -> nodes -> evaluator(data) -> text

import { renderNodes } from "./evaluator.ts";
import { callFunction } from "./functions.ts";
import { parseNodes } from "./parser.ts";
import type { Node } from "./parser.ts";

export { TemplateError } from "./template-error.ts";

export type Template = { readonly source: string; readonly nodes: readonly Node[] };

/** Throws TemplateError in Go's words ("template: :1: unclosed action"). */
export function parseTemplate(source: string): Template {
  return { source, nodes: parseNodes(source) };
}

/** Throws TemplateError. */
export function renderTemplate(template: Template, data: unknown): string {
  return renderNodes(template.nodes, data, callFunction);
}

/** The header line of a table: the words stay as they are, whatever the template does with the values below them. */
export function renderHeader(template: Template, headers: unknown): string {
  return renderNodes(template.nodes, headers, (name, args) => {
    if (name === "json") return typeof args[0] === "string" ? args[0] : "";
    return untouched.has(name) ? args[0] : callFunction(name, args);
  });
}

const untouched = new Set(["title", "lower", "upper", "truncate", "pad", "join"]);
