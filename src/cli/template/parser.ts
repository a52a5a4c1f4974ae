// Builds the tree of a template. The grammar is that of Go's text/template without define, template and block.

import { lex } from "./lexer.ts";
import type { Token } from "./lexer.ts";
import { functionNames } from "./functions.ts";
import { parseError, position } from "./template-error.ts";
import type { Place } from "./template-error.ts";

/** Where an expression stands, for the words of an error that happens when it is evaluated. */
export type Origin = { readonly place: Place; readonly text: string };

export type Expression = Origin &
  (
    | { readonly kind: "literal"; readonly value: unknown }
    | { readonly kind: "dot" }
    | { readonly kind: "variable"; readonly name: string }
    | { readonly kind: "call"; readonly name: string }
    | { readonly kind: "pipeline"; readonly pipeline: Pipeline }
    /** `target` undefined: a field of dot. */
    | { readonly kind: "field"; readonly target?: Expression; readonly names: readonly string[] }
  );

/** The first expression is called with the others, and with the result of the command before. */
export type Command = { readonly words: readonly Expression[] };

export type Pipeline = {
  readonly commands: readonly Command[];
  /** `$x := …`, `$x = …`, `range $i, $x := …`. */
  readonly variables: readonly string[];
  readonly declares: boolean;
};

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipeline: Pipeline }
  | { readonly kind: "break" }
  | { readonly kind: "continue" }
  | {
      readonly kind: "if" | "with" | "range";
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

/** Throws TemplateError. */
export function parseNodes(source: string): readonly Node[] {
  const parser = new Parser(source);
  const nodes = parser.list(0);
  if (parser.ending !== undefined) throw parser.unexpected(`{{${parser.ending}}}`);
  return nodes;
}

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  /** Names in scope, so that an unknown one is found before anything is printed. */
  readonly #variables: string[] = ["$"];
  /** The word that ended the last list: undefined at the end of the template. */
  ending: "end" | "else" | undefined;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = lex(source);
  }

  /** Nodes up to `{{end}}`, `{{else}}` or the end of the template; `loops` counts the ranges around them. */
  list(loops: number): readonly Node[] {
    const nodes: Node[] = [];
    this.ending = undefined;
    for (let token = this.#next(); token !== undefined; token = this.#next()) {
      if (token.type === "text") {
        nodes.push({ kind: "text", text: token.value });
        continue;
      }
      this.#skipSpace();
      const word = this.#peek();
      const keyword = word?.type === "identifier" ? word.value : "";
      if (keyword === "end" || keyword === "else") {
        this.#next();
        if (keyword === "end") this.#close("end");
        this.ending = keyword;
        return nodes;
      }
      nodes.push(this.#action(keyword, loops));
    }
    return nodes;
  }

  unexpected(what: string): Error {
    const token = this.#tokens[this.#at - 1] ?? this.#tokens.at(-1);
    return parseError(this.#source, token?.offset ?? this.#source.length, `unexpected ${what}`);
  }

  #action(keyword: string, loops: number): Node {
    switch (keyword) {
      case "if":
      case "with":
      case "range":
        this.#next();
        return this.#control(keyword, loops);
      case "break":
      case "continue":
        this.#next();
        if (loops === 0) throw this.unexpected(`{{${keyword}}} outside {{range}}`);
        this.#close(keyword);
        return { kind: keyword };
      case "define":
      case "template":
      case "block":
        throw this.unexpected(`{{${keyword}}}: it is not supported here`);
      default: {
        const pipeline = this.#pipeline("close", "command");
        return { kind: "print", pipeline };
      }
    }
  }

  #control(kind: "if" | "with" | "range", loops: number): Node {
    const scope = this.#variables.length;
    const pipeline = this.#pipeline("close", kind);
    const inner = kind === "range" ? loops + 1 : loops;
    const body = this.list(inner);
    let otherwise: readonly Node[] = [];
    if (this.ending === "else") otherwise = this.#otherwise(kind, loops);
    if (this.ending === undefined) throw parseError(this.#source, this.#source.length, "unexpected EOF");
    this.#variables.length = scope;
    // The `end` was ours: the list around goes on.
    this.ending = undefined;
    return { kind, pipeline, body, otherwise };
  }

  /** After "else": `{{else}}` up to its end, or `{{else if …}}`, which shares the end. */
  #otherwise(kind: "if" | "with" | "range", loops: number): readonly Node[] {
    this.#skipSpace();
    const word = this.#peek();
    if (word?.type === "identifier" && word.value === kind && kind !== "range") {
      this.#next();
      const nested = this.#control(kind, loops);
      this.ending = "end";
      return [nested];
    }
    this.#close("else");
    const nodes = this.list(loops);
    if (this.ending === "else") throw this.unexpected("{{else}}");
    return nodes;
  }

  /** Up to and including `until`: "}}" or ")". */
  #pipeline(until: "close" | ")", context: string): Pipeline {
    const { variables, declares } = this.#declaration(context);
    const commands: Command[] = [];
    for (;;) {
      const words: Expression[] = [];
      let token = this.#nextSolid();
      while (token !== undefined && !isEnd(token, until) && !isBar(token)) {
        words.push(this.#operand(token));
        token = this.#nextSolid();
      }
      if (token === undefined) throw parseError(this.#source, this.#source.length, "unclosed action");
      if (words.length === 0) {
        // Go lets a bar at the end pass.
        if (commands.length > 0 && isEnd(token, until)) break;
        throw parseError(this.#source, token.offset, `missing value for ${context}`);
      }
      commands.push({ words });
      if (isEnd(token, until)) break;
    }
    this.#variables.push(...(declares ? variables : []));
    return { commands, variables, declares };
  }

  /** `$x :=`, `$x =` or `$i, $x :=` at the beginning of a pipeline. */
  #declaration(context: string): { variables: readonly string[]; declares: boolean } {
    const start = this.#at;
    const variables: string[] = [];
    for (let token = this.#nextSolid(); token?.type === "variable"; token = this.#nextSolid()) {
      variables.push(token.value);
      const sign = this.#nextSolid();
      if (sign?.value === ":=" || sign?.value === "=") {
        const declares = sign.value === ":=";
        const undeclared = declares ? undefined : variables.find((name) => !this.#variables.includes(name));
        if (undeclared !== undefined)
          throw parseError(this.#source, sign.offset, `undefined variable "${undeclared}"`);
        return { variables, declares };
      }
      if (sign?.value !== "," || context !== "range" || variables.length === 2) break;
    }
    this.#at = start;
    return { variables: [], declares: false };
  }

  #operand(token: Token): Expression {
    const start = token.offset;
    let expression: Expression = this.#term(token);
    const names: string[] = [];
    // Go gives a chain of fields the place of the second.
    const place = position(this.#source, this.#peek()?.offset ?? start);
    while (this.#peek()?.type === "field") names.push(this.#next()?.value.slice(1) ?? "");
    if (names.length > 0) {
      const origin = { ...this.#origin(start), place };
      if (expression.kind === "literal")
        throw this.unexpected(`<.${names[0]}> after term ${JSON.stringify(token.value)}`);
      expression =
        expression.kind === "field" && expression.target === undefined
          ? { ...origin, kind: "field", names: [...expression.names, ...names] }
          : { ...origin, kind: "field", target: expression, names };
    }
    return expression;
  }

  #term(token: Token): Expression {
    const origin = this.#origin(token.offset);
    switch (token.type) {
      case "dot":
        return { ...origin, kind: "dot" };
      case "field":
        return { ...origin, kind: "field", names: [token.value.slice(1)] };
      case "variable":
        if (!this.#variables.includes(token.value)) {
          throw parseError(this.#source, token.offset, `undefined variable "${token.value}"`);
        }
        return { ...origin, kind: "variable", name: token.value };
      case "string":
        return { ...origin, kind: "literal", value: token.value };
      case "character":
        return { ...origin, kind: "literal", value: token.value.codePointAt(0) };
      case "number":
        return { ...origin, kind: "literal", value: Number(token.value.replaceAll("_", "")) };
      case "identifier":
        return this.#word(token, origin);
      case "operator":
        if (token.value === "(") {
          const pipeline = this.#pipeline(")", "parenthesized pipeline");
          return { ...this.#origin(token.offset), kind: "pipeline", pipeline };
        }
        break;
      case "text":
      case "space":
      case "open":
      case "close":
        break;
    }
    throw this.unexpected(`${describe(token)} in operand`);
  }

  #word(token: Token, origin: Origin): Expression {
    if (token.value === "true" || token.value === "false") {
      return { ...origin, kind: "literal", value: token.value === "true" };
    }
    if (token.value === "nil") return { ...origin, kind: "literal", value: null };
    if (!functionNames.has(token.value)) {
      throw parseError(this.#source, token.offset, `function "${token.value}" not defined`);
    }
    return { ...origin, kind: "call", name: token.value };
  }

  #origin(start: number): Origin {
    const end = this.#peek()?.offset ?? this.#source.length;
    return { place: position(this.#source, start), text: this.#source.slice(start, end).trim() };
  }

  #close(context: string): void {
    const token = this.#nextSolid();
    if (token?.type !== "close") throw this.unexpected(`${describe(token)} in ${context}`);
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #next(): Token | undefined {
    return this.#tokens[this.#at++];
  }

  #skipSpace(): void {
    while (this.#peek()?.type === "space") this.#at++;
  }

  #nextSolid(): Token | undefined {
    this.#skipSpace();
    return this.#next();
  }
}

function isEnd(token: Token, until: "close" | ")"): boolean {
  return until === "close" ? token.type === "close" : token.value === ")" && token.type === "operator";
}

function isBar(token: Token): boolean {
  return token.type === "operator" && token.value === "|";
}

function describe(token: Token | undefined): string {
  return token === undefined ? "EOF" : `<${token.value}>`;
}
