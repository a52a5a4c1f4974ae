// Regular expressions as Go reads them (RE2), in JavaScript's: filters hold them, and clients know Go's.

const posixClasses: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  cntrl: "\\x00-\\x1F\\x7F",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

/** Looking around and back is what RE2 leaves out. */
const notInGo = /\(\?<?[=!]|\\[1-9]/;

/** Undefined for what is no expression in Go. */
export function goRegExp(pattern: string): RegExp | undefined {
  const [, flags = "", rest = pattern] = /^\(\?([ims]+)\)([^]*)$/.exec(pattern) ?? [];
  const literals = rest.replaceAll(/\\Q([^]*?)(?:\\E|$)/g, (_all, text: string) => RegExp.escape(text));
  if (notInGo.test(literals)) return undefined;
  const source = literals
    .replaceAll("(?P<", "(?<")
    .replaceAll("\\A", "(?<![^])")
    .replaceAll("\\z", "(?![^])")
    .replaceAll(/\[:([a-z]+):\]/g, (all, name: string) => posixClasses[name] ?? all);
  try {
    return new RegExp(source, [...new Set(flags)].join(""));
  } catch {
    return undefined;
  }
}
