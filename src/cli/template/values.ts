// Values inside a template: how Go would look at what came from JSON. Objects are Go's maps, a Row is a Go struct.

/** A line of `ps`, `images`…: named columns, computed when they are asked for. A field may take arguments. */
export class Row {
  /** Go's name of the type, as it stands in error messages. */
  readonly typeName: string;
  readonly fields: Readonly<Record<string, Field>>;
  constructor(typeName: string, fields: Readonly<Record<string, Field>>) {
    this.typeName = typeName;
    this.fields = fields;
  }
}

export type Field = (...args: readonly unknown[]) => unknown;

export type Fields = Readonly<Record<string, unknown>>;

/** Objects that are structs in Go: printed without their keys, and asking for a field they lack is an error. */
/** With Go's name of the type, for complaints, where it is known. */
const structs = new WeakMap<object, string>();

export function markStruct(value: Fields, typeName = ""): void {
  structs.set(value, typeName);
}

export function structName(value: Fields): string {
  return structs.get(value) ?? "";
}

export function isStruct(value: Fields): boolean {
  return structs.has(value);
}

/** Go's nil slice and nil map: empty when printed, null as JSON. */
export const nilList: readonly never[] = Object.freeze([]);
export const nilMap: Fields = Object.freeze({});

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Row);
}

/** Go's truth: not the zero value of its type, and not empty. A struct is always true. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isFields(value)) return isStruct(value) || Object.keys(value).length > 0;
  return Boolean(value);
}

/** What Go's fmt prints with %v. */
export function goString(value: unknown): string {
  return value === null || value === undefined ? "<no value>" : inner(value);
}

function inner(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(inner).join(" ")}]`;
  if (value instanceof Row) return inner(rowJson(value));
  if (isFields(value)) {
    if (isStruct(value)) return `{${Object.values(value).map(inner).join(" ")}}`;
    const pairs = Object.keys(value)
      .sort()
      .map((key) => `${key}:${inner(value[key])}`);
    return `map[${pairs.join(" ")}]`;
  }
  if (typeof value === "number") return goNumber(value);
  return typeof value === "string" ? value : `${value as boolean | bigint}`;
}

/** Whole numbers as Go's ints, others as its floats (%v is %g with the shortest digits). */
export function goNumber(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  const text = String(value);
  return text.includes("e") ? text.replace(/e([+-])(\d)$/, "e$10$2") : text;
}

/** All columns of a row that take no arguments, sorted by name as Go marshals a map. */
export function rowJson(row: Row): Fields {
  const names = Object.keys(row.fields).filter((name) => row.fields[name]?.length === 0);
  return Object.fromEntries(names.sort().map((name) => [name, row.fields[name]?.()]));
}

/** Go's json.Marshal without HTML escapes, as Docker's `json` function has it. */
export function toJson(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, item: unknown) => {
    if (item === nilList || item === nilMap) return null;
    return item instanceof Row ? rowJson(item) : item;
  });
}

/** -1, 0, 1; undefined when Go would not compare the two. */
export function compare(a: unknown, b: unknown): number | undefined {
  if (typeof a !== typeof b) return undefined;
  if ((typeof a === "number" && typeof b === "number") || (typeof a === "string" && typeof b === "string")) {
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return undefined;
}
