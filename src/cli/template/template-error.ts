// What is wrong with a template, in Go's words.

export class TemplateError extends Error {}

/** "template: :1: unclosed action": lines count from 1. */
export function parseError(source: string, offset: number, reason: string): TemplateError {
  return new TemplateError(`template: :${position(source, offset).line}: ${reason}`);
}

export type Place = { readonly line: number; readonly column: number };

/** Line from 1, column from 0, as Go counts them. */
export function position(source: string, offset: number): Place {
  const before = source.slice(0, offset);
  const lastBreak = before.lastIndexOf("\n");
  return { line: before.split("\n").length, column: offset - lastBreak - 1 };
}
