// Cuts a template into text and the tokens of its actions.

import { parseError } from "./template-error.ts";

export type Token = {
  readonly type:
    | "text"
    | "open"
    | "close"
    | "identifier"
    | "field"
    | "variable"
    | "dot"
    | "string"
    | "character"
    | "number"
    | "operator"
    | "space";
  /** The source text; for text, string and character what they stand for. */
  readonly value: string;
  readonly offset: number;
};

const identifierStart = /[\p{L}_]/u;
const wordPattern = /[\p{L}\p{Nd}_]*/uy;
const numberPattern =
  /[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y;
const spacePattern = /[ \t\r\n]+/y;
const operators = [":=", "=", "|", "(", ")", ","];

/** Throws TemplateError. */
export function lex(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let trimNext = false;
  while (at < source.length) {
    const open = source.indexOf("{{", at);
    const textEnd = open < 0 ? source.length : open;
    const trimBefore = open >= 0 && /^\{\{-[ \t\r\n]/.test(source.slice(open, open + 4));
    let text = source.slice(at, textEnd);
    if (trimNext) text = text.trimStart();
    if (trimBefore) text = text.trimEnd();
    if (text !== "") tokens.push({ type: "text", value: text, offset: at });
    if (open < 0) break;
    const action = lexAction(source, open, open + (trimBefore ? 3 : 2));
    tokens.push(...action.tokens);
    at = action.end;
    trimNext = action.trimAfter;
  }
  return tokens;
}

type Action = { readonly tokens: readonly Token[]; readonly end: number; readonly trimAfter: boolean };

/** From "{{" to "}}". A comment is an action without tokens. */
function lexAction(source: string, open: number, start: number): Action {
  const comment = /^[ \t\r\n]*\/\*/.exec(source.slice(start));
  if (comment) {
    const end = source.indexOf("*/", start);
    if (end < 0) throw parseError(source, open, "unclosed comment");
    const close = /^(?:[ \t\r\n]+-)?\}\}/.exec(source.slice(end + 2));
    if (!close) throw parseError(source, open, "comment ends before closing delimiter");
    return { tokens: [], end: end + 2 + close[0].length, trimAfter: close[0].length > 2 };
  }
  const tokens: Token[] = [{ type: "open", value: "{{", offset: open }];
  let at = start;
  while (at < source.length) {
    const close = /^(?:[ \t\r\n]+-)?\}\}/.exec(source.slice(at, at + 32));
    if (close) {
      tokens.push({ type: "close", value: "}}", offset: at });
      return { tokens, end: at + close[0].length, trimAfter: close[0].length > 2 };
    }
    const token = lexToken(source, at);
    tokens.push(token.token);
    at = token.end;
  }
  throw parseError(source, open, "unclosed action");
}

type Lexed = { readonly token: Token; readonly end: number };

function lexToken(source: string, at: number): Lexed {
  const letter = source[at] ?? "";
  const next = source[at + 1] ?? "";
  const make = (type: Token["type"], end: number, value = source.slice(at, end)): Lexed => ({
    token: { type, value, offset: at },
    end,
  });
  const space = match(spacePattern, source, at);
  if (space > 0) return make("space", at + space);
  if (letter === '"') return quoted(source, at);
  if (letter === "'") return character(source, at);
  if (letter === "`") {
    const end = source.indexOf("`", at + 1);
    if (end < 0) throw parseError(source, at, "unterminated raw quoted string");
    return make("string", end + 1, source.slice(at + 1, end));
  }
  if (letter === "$") return make("variable", at + 1 + match(wordPattern, source, at + 1));
  if (letter === "." && !/\d/.test(next)) {
    const length = match(wordPattern, source, at + 1);
    return length === 0 ? make("dot", at + 1) : make("field", at + 1 + length);
  }
  if (identifierStart.test(letter)) return make("identifier", at + match(wordPattern, source, at));
  const number = match(numberPattern, source, at);
  if (number > 0) {
    const end = at + number;
    if (identifierStart.test(source[end] ?? "")) {
      throw parseError(source, at, `bad number syntax: ${JSON.stringify(source.slice(at, end + 1))}`);
    }
    return make("number", end);
  }
  const operator = operators.find((candidate) => source.startsWith(candidate, at));
  if (operator !== undefined) return make("operator", at + operator.length);
  const code = letter.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0");
  throw parseError(source, at, `unexpected bad character U+${code} '${letter}' in command`);
}

function match(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0].length ?? 0;
}

function quoted(source: string, at: number): Lexed {
  let end = at + 1;
  while (end < source.length && source[end] !== '"' && source[end] !== "\n")
    end += source[end] === "\\" ? 2 : 1;
  if (source[end] !== '"') throw parseError(source, at, "unterminated quoted string");
  const value = unescape(source, at, source.slice(at + 1, end));
  return { token: { type: "string", value, offset: at }, end: end + 1 };
}

function character(source: string, at: number): Lexed {
  const found = /^'((?:\\.[^']*|[^'\\\n]))'/u.exec(source.slice(at));
  if (!found?.[1]) throw parseError(source, at, "unterminated character constant");
  const value = unescape(source, at, found[1]);
  return { token: { type: "character", value, offset: at }, end: at + found[0].length };
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

/** Go's escapes in quoted strings. */
function unescape(source: string, offset: number, text: string): string {
  return text.replaceAll(
    /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([0-7]{3})|(.?))/gi,
    (all, ...groups) => {
      const [byte, short, long, octal, letter] = groups as (string | undefined)[];
      const hex = byte ?? short ?? long;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      const plain = simpleEscapes[letter ?? ""];
      if (plain === undefined) throw parseError(source, offset, `invalid syntax: ${all}`);
      return plain;
    },
  );
}
