// Regular expressions as Go reads them (RE2): filters hold them, and clients know Go's. Whatever a client sends, looking for
// it takes linear time.
import type * as Re2 from "re2js";

export type TextPattern = { readonly test: (text: string) => boolean };

/** Most filters are a part of a name. */
const plain = /^[\w/-]*$/;

/** The expression of the last call: a filter is held against every object of a list. */
let last: { readonly pattern: string; readonly compiled: TextPattern | undefined } | undefined;

/** Undefined for what is no expression in Go. */
export function goRegExp(pattern: string): TextPattern | undefined {
  if (plain.test(pattern)) return { test: (text) => text.includes(pattern) };
  if (last?.pattern !== pattern) last = { pattern, compiled: compile(pattern) };
  return last.compiled;
}

/** The library takes 2 MB, so it is loaded by the first filter that needs it. */
function compile(pattern: string): TextPattern | undefined {
  const { RE2JS, RE2JSSyntaxException } = require("re2js") as typeof Re2;
  try {
    const expression = RE2JS.compile(pattern);
    return { test: (text) => expression.matcher(text).find() };
  } catch (err) {
    if (err instanceof RE2JSSyntaxException) return undefined;
    throw err;
  }
}
