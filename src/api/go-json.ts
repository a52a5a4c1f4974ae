// JSON text read as Go's encoding/json reads it, and refused in its words. Unlike JSON.parse this keeps what Go's rules
// look at: numbers as they are written (Go takes 1.0 and 1e3 for no integers) and keys that come twice.
import { InvalidParameterError } from "../base/errors.ts";

export type GoValue = null | boolean | string | GoNumber | GoObject | readonly GoValue[];

/** A number by its text. */
export class GoNumber {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

/** Keys and values in the order of the text. */
export class GoObject {
  readonly entries: readonly (readonly [string, GoValue])[];
  constructor(entries: readonly (readonly [string, GoValue])[]) {
    this.entries = entries;
  }
}

/** Deeper nesting is refused, as in Go. */
const depthMax = 10_000;

/** A list or an object whose end is still to come. */
type Open =
  | { readonly kind: "list"; readonly value: GoValue[] }
  | { readonly kind: "object"; readonly value: GoObject; readonly entries: [string, GoValue][]; key: string };

/** The one value that `text` holds. InvalidParameterError in Docker's words for what is none, or is more than one. */
export function parseGoJson(text: string): GoValue {
  const reader = new Reader(text);
  reader.skipSpace();
  if (reader.isAtEnd) throw new InvalidParameterError("invalid JSON: got EOF while reading request body");
  const value = reader.value();
  reader.skipSpace();
  if (!reader.isAtEnd) throw new InvalidParameterError("unexpected content after JSON");
  return value;
}

const literals: Readonly<Record<string, readonly [word: string, value: null | boolean]>> = {
  n: ["null", null],
  t: ["true", true],
  f: ["false", false],
};

const space = /[ \t\r\n]*/y;
const digits = /[0-9]*/y;
/** Of a string, up to its end, an escape or what may not stand in it. */
// oxlint-disable-next-line no-control-regex -- they are what JSON refuses
const plainText = /[^"\\\u0000-\u001f]*/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  skipSpace(): void {
    this.#skip(space);
  }

  /**
   * What is open is kept here, not in calls within calls: how deep those may go depends on what has been compiled so
   * far, and depthMax of them is near the end of the stack.
   */
  value(): GoValue {
    const open: Open[] = [];
    for (;;) {
      let value = this.#scalarOrEmpty(open);
      while (value !== undefined) {
        const around = open.at(-1);
        if (!around) return value;
        value = this.#putInto(around, value);
        if (value !== undefined) open.pop();
      }
    }
  }

  /** The value that begins here; undefined for one with values of its own, whose first comes next. */
  #scalarOrEmpty(open: Open[]): GoValue | undefined {
    this.skipSpace();
    const first = this.#text.charAt(this.#at);
    const literal = literals[first];
    if (first === "{" || first === "[") return this.#open(open, first);
    if (first === '"') return this.#string();
    if (literal) return this.#literal(...literal);
    if (first === "-" || isDigit(first)) return this.#number();
    return this.#refuse("looking for beginning of value");
  }

  #open(open: Open[], bracket: "{" | "["): GoValue | undefined {
    if (open.length === depthMax) throw new InvalidParameterError("invalid JSON: exceeded max depth");
    this.#at += 1;
    this.skipSpace();
    if (bracket === "[") {
      if (this.#take("]")) return [];
      open.push({ kind: "list", value: [] });
    } else {
      const entries: [string, GoValue][] = [];
      const value = new GoObject(entries);
      if (this.#take("}")) return value;
      open.push({ kind: "object", value, entries, key: this.#key() });
    }
    return undefined;
  }

  /** `around` if this value was its last; undefined where another is to come. */
  #putInto(around: Open, value: GoValue): GoValue | undefined {
    this.skipSpace();
    if (around.kind === "list") {
      around.value.push(value);
      if (this.#take("]")) return around.value;
      if (!this.#take(",")) this.#refuse("after array element");
    } else {
      around.entries.push([around.key, value]);
      if (this.#take("}")) return around.value;
      if (!this.#take(",")) this.#refuse("after object key:value pair");
      around.key = this.#key();
    }
    return undefined;
  }

  #key(): string {
    this.skipSpace();
    if (this.#text.charAt(this.#at) !== '"') this.#refuse("looking for beginning of object key string");
    const key = this.#string();
    this.skipSpace();
    if (!this.#take(":")) this.#refuse("after object key");
    return key;
  }

  /** Halves of surrogate pairs become U+FFFD. */
  #string(): string {
    const start = this.#at;
    this.#at += 1;
    this.#skip(plainText);
    if (this.#take('"')) return this.#text.slice(start + 1, this.#at - 1).toWellFormed();
    while (!this.#take('"')) {
      if (!this.#take("\\")) this.#refuse("in string literal");
      this.#escape();
      this.#skip(plainText);
    }
    return (JSON.parse(this.#text.slice(start, this.#at)) as string).toWellFormed();
  }

  #escape(): void {
    if (this.#take("u")) {
      for (let i = 0; i < 4; i++)
        if (!this.#takeIf(/[0-9a-fA-F]/)) this.#refuse("in \\u hexadecimal character escape");
    } else if (!this.#takeIf(/["\\/bfnrt]/)) this.#refuse("in string escape code");
  }

  #literal(word: string, value: null | boolean): null | boolean {
    for (const letter of word)
      if (!this.#take(letter)) this.#refuse(`in literal ${word} (expecting '${letter}')`);
    return value;
  }

  #number(): GoNumber {
    const start = this.#at;
    this.#take("-");
    if (!this.#take("0") && !this.#digits()) this.#refuse("in numeric literal");
    if (this.#take(".") && !this.#digits()) this.#refuse("after decimal point in numeric literal");
    if (this.#takeIf(/[eE]/)) {
      this.#takeIf(/[+-]/);
      if (!this.#digits()) this.#refuse("in exponent of numeric literal");
    }
    return new GoNumber(this.#text.slice(start, this.#at));
  }

  #digits(): boolean {
    const start = this.#at;
    this.#skip(digits);
    return this.#at > start;
  }

  #skip(sticky: RegExp): void {
    sticky.lastIndex = this.#at;
    sticky.test(this.#text);
    this.#at = sticky.lastIndex;
  }

  #take(char: string): boolean {
    const isThere = this.#text.charAt(this.#at) === char;
    if (isThere) this.#at += 1;
    return isThere;
  }

  #takeIf(pattern: RegExp): boolean {
    const isThere = pattern.test(this.#text.charAt(this.#at));
    if (isThere) this.#at += 1;
    return isThere;
  }

  #refuse(where: string): never {
    const problem = this.isAtEnd
      ? "unexpected EOF"
      : `invalid character ${quoted(this.#text.charAt(this.#at))} ${where}`;
    throw new InvalidParameterError(`invalid JSON: ${problem}`);
  }
}

function isDigit(char: string): boolean {
  return char >= "0" && char <= "9";
}

/** As Go's strconv quotes it, between single quotes. */
function quoted(char: string): string {
  if (char === "'") return `'\\''`;
  if (char === '"') return `'"'`;
  const escaped = JSON.stringify(char).slice(1, -1);
  return `'${escaped.replace(/^\\u00(..)$/, "\\x$1")}'`;
}
