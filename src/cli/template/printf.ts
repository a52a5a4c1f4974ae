// Go's fmt.Sprintf for the values that a template can hold.

import { goString, isFields, toJson } from "./values.ts";

const directive = /%([-+# 0]*)(\d+|\*)?(?:\.(\d+|\*)?)?([a-zA-Z%])/g;

export function printf(format: string, args: readonly unknown[]): string {
  let used = 0;
  const take = () => args[used++];
  const text = format.replaceAll(
    directive,
    (all: string, flags: string, width?: string, precision?: string, verb = "") => {
      if (verb === "%") return "%";
      const wide = width === "*" ? Number(take()) : Number(width ?? 0);
      const exact =
        precision === "*" ? Number(take()) : precision === undefined ? undefined : Number(precision);
      const hasPoint = all.includes(".");
      if (used >= args.length) return `%!${verb}(MISSING)`;
      const value = take();
      const body = formatOne(verb, value, flags, hasPoint ? (exact ?? 0) : undefined);
      return pad(body, wide, flags, typeof value === "number");
    },
  );
  if (used >= args.length) return text;
  const extra = args.slice(used).map((value) => `${goType(value)}=${goString(value)}`);
  return `${text}%!(EXTRA ${extra.join(", ")})`;
}

function formatOne(verb: string, value: unknown, flags: string, precision: number | undefined): string {
  switch (verb) {
    case "v":
      return value === null || value === undefined ? "<nil>" : goString(value);
    case "s":
      if (typeof value === "number" || typeof value === "boolean") return wrong(verb, value);
      return cut(goString(value), precision);
    case "q":
      return typeof value === "string" ? JSON.stringify(value) : wrong(verb, value);
    case "d":
      return typeof value === "number" || typeof value === "bigint"
        ? signed(value, String(value), flags)
        : wrong(verb, value);
    case "t":
      return typeof value === "boolean" ? String(value) : wrong(verb, value);
    case "f":
    case "F":
      return typeof value === "number"
        ? signed(value, value.toFixed(precision ?? 6), flags)
        : wrong(verb, value);
    case "e":
      return typeof value === "number"
        ? value.toExponential(precision ?? 6).replace(/e([+-])(\d)$/, "e$10$2")
        : wrong(verb, value);
    case "g":
      return typeof value === "number" ? goString(value) : wrong(verb, value);
    case "x":
    case "X":
    case "o":
    case "b":
      return inBase(verb, value);
    case "c":
      return typeof value === "number" ? String.fromCodePoint(value) : wrong(verb, value);
    case "T":
      return goType(value);
    default:
      return wrong(verb, value);
  }
}

const bases: Readonly<Record<string, number>> = { x: 16, X: 16, o: 8, b: 2 };

function inBase(verb: string, value: unknown): string {
  let text: string;
  if (typeof value === "number") text = value.toString(bases[verb]);
  else if (typeof value === "string" && verb.toLowerCase() === "x") text = Buffer.from(value).toString("hex");
  else return wrong(verb, value);
  return verb === "X" ? text.toUpperCase() : text;
}

function signed(value: number | bigint, text: string, flags: string): string {
  if (value < 0) return text;
  if (flags.includes("+")) return `+${text}`;
  return flags.includes(" ") ? ` ${text}` : text;
}

function cut(text: string, length: number | undefined): string {
  return length === undefined ? text : Array.from(text).slice(0, length).join("");
}

function pad(text: string, width: number, flags: string, numeric: boolean): string {
  const missing = Math.abs(width) - Array.from(text).length;
  if (missing <= 0) return text;
  if (flags.includes("-") || width < 0) return text + " ".repeat(missing);
  if (!flags.includes("0") || !numeric) return " ".repeat(missing) + text;
  const sign = /^[+-]/.test(text) ? text.slice(0, 1) : "";
  return sign + "0".repeat(missing) + text.slice(sign.length);
}

function wrong(verb: string, value: unknown): string {
  return `%!${verb}(${goType(value)}=${goString(value)})`;
}

function goType(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  if (Array.isArray(value)) return "[]interface {}";
  return isFields(value) ? "map[string]interface {}" : toJson(value);
}
