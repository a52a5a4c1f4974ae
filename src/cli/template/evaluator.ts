// Walks the tree of a template with a value as dot.

import type { Command, Expression, Node, Pipeline } from "./parser.ts";
import { TemplateError } from "./template-error.ts";
import { goString, isFields, isStruct, isTrue, Row, structName } from "./values.ts";

type Variable = { readonly name: string; value: unknown };
type Scope = { readonly dot: unknown; readonly variables: Variable[]; readonly functions: Functions };
/** How functions are called: table headers go through other ones than values. */
export type Functions = (name: string, args: readonly unknown[]) => unknown;
/** How a list of nodes ended: by itself, or by `{{break}}` / `{{continue}}`. */
type Flow = "done" | "break" | "continue";

/** Throws TemplateError. */
export function renderNodes(nodes: readonly Node[], data: unknown, functions: Functions): string {
  const out: string[] = [];
  walk(nodes, { dot: data, variables: [{ name: "$", value: data }], functions }, out);
  return out.join("");
}

function walk(nodes: readonly Node[], scope: Scope, out: string[]): Flow {
  for (const node of nodes) {
    switch (node.kind) {
      case "text":
        out.push(node.text);
        break;
      case "print": {
        const value = evaluate(node.pipeline, scope);
        if (node.pipeline.variables.length === 0) out.push(goString(value));
        break;
      }
      case "break":
      case "continue":
        return node.kind;
      case "if":
      case "with":
      case "range": {
        const flow = control(node, scope, out);
        if (flow !== "done") return flow;
        break;
      }
    }
  }
  return "done";
}

type Control = Extract<Node, { readonly kind: "if" | "with" | "range" }>;

function control(node: Control, scope: Scope, out: string[]): Flow {
  const depth = scope.variables.length;
  const value = evaluate(node.pipeline, scope);
  try {
    if (node.kind === "range") return range(node, value, scope, out);
    if (!isTrue(value)) return walk(node.otherwise, scope, out);
    return walk(node.body, node.kind === "with" ? { ...scope, dot: value } : scope, out);
  } finally {
    scope.variables.length = depth;
  }
}

function range(node: Control, value: unknown, scope: Scope, out: string[]): Flow {
  const items = entriesOf(value);
  if (items === undefined) {
    const origin = node.pipeline.commands[0]?.words[0];
    throw failure(origin, `range can't iterate over ${goString(value)}`);
  }
  if (items.length === 0) return walk(node.otherwise, scope, out);
  const { variables } = node.pipeline;
  for (const [key, item] of items) {
    // One variable is the item, two are key and item.
    if (variables.length > 0) assign(scope, variables.at(-1) ?? "", item);
    if (variables.length > 1) assign(scope, variables[0] ?? "", key);
    const depth = scope.variables.length;
    const flow = walk(node.body, { ...scope, dot: item }, out);
    scope.variables.length = depth;
    if (flow === "break") break;
  }
  return "done";
}

function entriesOf(value: unknown): readonly (readonly [key: unknown, item: unknown])[] | undefined {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map((item: unknown, at) => [at, item] as const);
  if (typeof value === "number")
    return Array.from({ length: Math.max(0, value) }, (_, at) => [at, at] as const);
  if (!isFields(value)) return undefined;
  return Object.keys(value)
    .sort()
    .map((key) => [key, value[key]] as const);
}

function evaluate(pipeline: Pipeline, scope: Scope): unknown {
  let value: unknown;
  pipeline.commands.forEach((command, at) => {
    value = run(command, scope, at === 0 ? [] : [value]);
  });
  for (const name of pipeline.variables) {
    if (pipeline.declares) scope.variables.push({ name, value });
    else assign(scope, name, value);
  }
  return value;
}

function assign(scope: Scope, name: string, value: unknown): void {
  const variable = scope.variables.findLast((candidate) => candidate.name === name);
  if (variable !== undefined) variable.value = value;
}

/** One command of a pipeline; `piped` is the result of the one before, which becomes the last argument. */
function run(command: Command, scope: Scope, piped: readonly unknown[]): unknown {
  const [first, ...rest] = command.words;
  if (first === undefined) return undefined;
  if (first.kind === "call") return call(first.name, first, rest, scope, piped);
  const args = () => [...rest.map((word) => valueOf(word, scope)), ...piped];
  if (first.kind === "field") return field(first, scope, args());
  if (first.kind === "literal" && first.value === null) throw failure(first, "nil is not a command");
  if (rest.length + piped.length > 0)
    throw failure(first, `can't give argument to non-function ${first.text}`);
  return valueOf(first, scope);
}

function call(
  name: string,
  origin: Expression,
  words: readonly Expression[],
  scope: Scope,
  piped: readonly unknown[],
): unknown {
  if (name === "and" || name === "or") {
    let value: unknown;
    for (const next of [
      ...words.map((word) => () => valueOf(word, scope)),
      ...piped.map((item) => () => item),
    ]) {
      value = next();
      if (isTrue(value) === (name === "or")) break;
    }
    return value;
  }
  const args = [...words.map((word) => valueOf(word, scope)), ...piped];
  try {
    return scope.functions(name, args);
  } catch (err) {
    if (err instanceof TemplateError || !(err instanceof Error)) throw err;
    const shown = [origin.text, ...words.map((word) => word.text)].join(" ");
    throw failure({ ...origin, text: shown }, `error calling ${name}: ${err.message}`);
  }
}

function valueOf(expression: Expression, scope: Scope): unknown {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "dot":
      return scope.dot;
    case "variable":
      return scope.variables.findLast((variable) => variable.name === expression.name)?.value;
    case "pipeline": {
      const depth = scope.variables.length;
      const value = evaluate(expression.pipeline, scope);
      scope.variables.length = depth;
      return value;
    }
    case "call":
      return call(expression.name, expression, [], scope, []);
    case "field":
      break;
  }
  return field(expression, scope, []);
}

/** `.A.B.C arg…`: only the last name may be something that takes arguments. */
function field(
  expression: Expression & { readonly kind: "field" },
  scope: Scope,
  args: readonly unknown[],
): unknown {
  let value = expression.target === undefined ? scope.dot : valueOf(expression.target, scope);
  expression.names.forEach((name, at) => {
    const last = at === expression.names.length - 1;
    value = fieldOf(value, name, expression, last ? args : []);
  });
  return value;
}

function fieldOf(value: unknown, name: string, origin: Expression, args: readonly unknown[]): unknown {
  if (value instanceof Row) {
    const column = value.fields[name];
    if (column === undefined)
      throw failure(origin, `can't evaluate field ${name} in type *${value.typeName}`);
    if (column.length !== args.length) {
      throw failure(origin, `wrong number of args for ${name}: want ${column.length} got ${args.length}`);
    }
    return column(...args);
  }
  if (args.length > 0) throw failure(origin, `${name} has arguments but cannot be invoked as function`);
  if (value === null || value === undefined) {
    throw failure(origin, `nil data; no entry for key ${JSON.stringify(name)}`);
  }
  if (!isFields(value)) throw failure(origin, `can't evaluate field ${name} in type interface {}`);
  if (Object.hasOwn(value, name)) return value[name];
  // A Go map gives nothing for a key that it does not have; a struct has no such field.
  if (!isStruct(value)) return undefined;
  const type = structName(value);
  if (type !== "") throw failure(origin, `can't evaluate field ${name} in type ${type}`);
  throw failure(origin, `map has no entry for key ${JSON.stringify(name)}`);
}

function failure(origin: Expression | undefined, reason: string): TemplateError {
  const { line = 1, column = 0 } = origin?.place ?? {};
  return new TemplateError(
    `template: :${line}:${column}: executing "" at <${origin?.text ?? ""}>: ${reason}`,
  );
}
