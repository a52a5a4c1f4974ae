// The functions a template can call: Go's own and those that Docker adds.

import { printf } from "./printf.ts";
import { compare, goString, isFields, isTrue, toJson } from "./values.ts";

/** Throws Error with the reason only; the evaluator adds where. */
type TemplateFunction = (...args: readonly unknown[]) => unknown;

const functions: Readonly<Record<string, TemplateFunction>> = {
  // Go's.
  not: (value) => !isTrue(value),
  len: length,
  index,
  slice,
  print: (...args) => printSpaced(args),
  println: (...args) => `${args.map(printable).join(" ")}\n`,
  printf: (format, ...args) => printf(goString(format), args),
  html: (...args) => printSpaced(args).replaceAll(/[&<>"'\0]/g, (letter) => htmlEscapes[letter] ?? letter),
  urlquery: (...args) => encodeURIComponent(printSpaced(args)).replaceAll("%20", "+"),
  eq: (first, ...others) => {
    if (others.length === 0) throw new Error("missing argument for comparison");
    return others.some((other) => equal(first, other));
  },
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => order(a, b) < 0,
  le: (a, b) => order(a, b) <= 0,
  gt: (a, b) => order(a, b) > 0,
  ge: (a, b) => order(a, b) >= 0,
  // Docker's.
  json: (value) => toJson(value),
  split: (text, separator) => goString(text).split(goString(separator)),
  join: (list, separator) =>
    Array.isArray(list) ? list.map(goString).join(goString(separator)) : goString(list),
  title: (text) =>
    goString(text).replaceAll(
      /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
      (_all, before: string, letter: string) => before + letter.toUpperCase(),
    ),
  lower: (text) => goString(text).toLowerCase(),
  upper: (text) => goString(text).toUpperCase(),
  pad: (text, before, after) => {
    const string = goString(text);
    return string === "" ? "" : " ".repeat(Number(before)) + string + " ".repeat(Number(after));
  },
  truncate: (text, size) => Array.from(goString(text)).slice(0, Number(size)).join(""),
};

/** `and` and `or` stop early, so the evaluator itself knows them. */
export const functionNames: ReadonlySet<string> = new Set([...Object.keys(functions), "and", "or"]);

export function callFunction(name: string, args: readonly unknown[]): unknown {
  const called = functions[name];
  if (called === undefined) throw new Error(`"${name}" is not a defined function`);
  if (args.length < called.length) {
    throw new Error(`wrong number of args for ${name}: want ${called.length} got ${args.length}`);
  }
  return called(...args);
}

const htmlEscapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
  "\0": "\uFFFD",
};

function printable(value: unknown): string {
  return value === null || value === undefined ? "<nil>" : goString(value);
}

/** Go's Sprint: a space between two operands of which neither is a string. */
function printSpaced(args: readonly unknown[]): string {
  return args
    .map((value, at) => {
      const apart = at > 0 && typeof value !== "string" && typeof args[at - 1] !== "string";
      return (apart ? " " : "") + printable(value);
    })
    .join("");
}

function length(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isFields(value)) return Object.keys(value).length;
  throw new Error(
    value === null || value === undefined ? "len of nil pointer" : `len of type ${typeof value}`,
  );
}

function index(collection: unknown, ...keys: readonly unknown[]): unknown {
  let value = collection;
  for (const key of keys) value = indexOne(value, key);
  return value;
}

function indexOne(value: unknown, key: unknown): unknown {
  if (value === null || value === undefined) throw new Error("index of untyped nil");
  if (isFields(value)) {
    if (typeof key !== "string") throw new Error(`value has type ${typeof key}; should be string`);
    // A key that a Go map does not have gives the zero value of its elements: empty, when printed.
    return Object.hasOwn(value, key) ? value[key] : zeroLike(Object.values(value));
  }
  if (!Array.isArray(value) && typeof value !== "string")
    throw new Error(`can't index item of type ${typeof value}`);
  if (typeof key !== "number") throw new Error(`cannot index slice/array with type ${typeof key}`);
  const size = typeof value === "string" ? Buffer.byteLength(value) : value.length;
  if (key < 0 || key >= size) throw new Error(`index out of range: ${key}`);
  return typeof value === "string" ? Buffer.from(value)[key] : (value[key] as unknown);
}

function zeroLike(siblings: readonly unknown[]): unknown {
  return siblings.length === 0 || typeof siblings[0] === "string" ? "" : null;
}

function slice(value: unknown, ...bounds: readonly unknown[]): unknown {
  if (typeof value !== "string" && !Array.isArray(value))
    throw new Error(`can't slice item of type ${typeof value}`);
  const bytes = typeof value === "string" ? Buffer.from(value) : undefined;
  const size = bytes?.length ?? value.length;
  const [from = 0, to = size] = bounds.map(Number);
  for (const bound of [from, to])
    if (bound < 0 || bound > size) throw new Error(`index out of range: ${bound}`);
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  return bytes ? bytes.toString("utf8", from, to) : value.slice(from, to);
}

function equal(a: unknown, b: unknown): boolean {
  if (a === null || a === undefined || b === null || b === undefined) return (a ?? null) === (b ?? null);
  if (typeof a === "object" || typeof b === "object") throw new Error("incompatible types for comparison");
  if (typeof a !== typeof b) throw new Error("incompatible types for comparison");
  return a === b;
}

function order(a: unknown, b: unknown): number {
  const result = compare(a, b);
  if (result === undefined) throw new Error("incompatible types for comparison");
  return result;
}
