// How the arguments of a Dockerfile instruction are read (Dockerfile reference, "Environment replacement", "ENV", "LABEL"):
// words, quotes, backslashes, and variables from the image's environment.
import { InvalidParameterError } from "../base/errors.ts";

export type Variables = ReadonlyMap<string, string>;

/** The environment of an image as variables; of several of one name the last counts. */
export function variablesOf(env: readonly string[]): Variables {
  return new Map(env.map((entry) => [entry.split("=", 1)[0] ?? "", entry.slice(entry.indexOf("=") + 1)]));
}

/** Parts at white space that stands in no quotes and behind no backslash; the words keep both. */
export function splitWords(text: string): string[] {
  return text.match(/(?:\\[^]|"(?:\\[^]|[^"\\])*"|'[^']*'|[^\s\\"']|["'\\])+/g) ?? [];
}

/** A word without its quotes and backslashes, variables replaced: `$NAME`, `${NAME}`, `${NAME:-or}`, `${NAME:+then}`. */
export function expandWord(word: string, variables: Variables): string {
  let text = "";
  for (let at = 0; at < word.length;) {
    const char = word[at] ?? "";
    if (char === "'") {
      const end = closing(word, at, "'");
      text += word.slice(at + 1, end);
      at = end + 1;
    } else if (char === '"') {
      const end = closingDouble(word, at);
      text += expandDouble(word.slice(at + 1, end), variables);
      at = end + 1;
    } else if (char === "\\") {
      text += word[at + 1] ?? "";
      at += 2;
    } else if (char === "$") {
      const { value, length } = variable(word.slice(at), variables);
      text += value;
      at += length;
    } else {
      text += char;
      at++;
    }
  }
  return text;
}

/** Inside double quotes a backslash counts before a quote, a dollar and a backslash only. */
function expandDouble(text: string, variables: Variables): string {
  return text.replace(
    /\\(["$\\])|\\|\$(?:\{[^}]*\}|[A-Za-z_][A-Za-z0-9_]*)?|[^\\$]+/g,
    (part: string, escaped: string | undefined) => {
      if (escaped !== undefined) return escaped;
      return part.startsWith("$") ? variable(part, variables).value : part;
    },
  );
}

function variable(text: string, variables: Variables): { readonly value: string; readonly length: number } {
  const plain = /^\$([A-Za-z_][A-Za-z0-9_]*|[0-9])/.exec(text);
  if (plain !== null) return { value: variables.get(plain[1] ?? "") ?? "", length: plain[0].length };
  if (!text.startsWith("${")) return { value: "$", length: 1 };
  const braced = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+])((?:[^}\\]|\\[^])*))?\}/.exec(text);
  if (braced === null)
    throw new InvalidParameterError(`failed to process "${text}": unsupported modifier or missing }`);
  const [whole, name = "", operator, other = ""] = braced;
  const value = variables.get(name);
  const isSet = value !== undefined && (value !== "" || operator?.startsWith(":") !== true);
  if (operator === undefined) return { value: value ?? "", length: whole.length };
  const replaced = expandWord(other, variables);
  const result = operator.endsWith("-") ? (isSet ? value : replaced) : isSet ? replaced : "";
  return { value: result, length: whole.length };
}

function closing(word: string, from: number, quote: string): number {
  const end = word.indexOf(quote, from + 1);
  if (end === -1) throw new InvalidParameterError(`failed to process "${word}": unexpected end of statement`);
  return end;
}

function closingDouble(word: string, from: number): number {
  for (let at = from + 1; at < word.length; at++) {
    if (word[at] === "\\") at++;
    else if (word[at] === '"') return at;
  }
  throw new InvalidParameterError(`failed to process "${word}": unexpected end of statement`);
}
