// JSON bodies, read by the rules of Go's encoding/json, because clients of dockerd depend on them: keys match in any
// case and the last one wins (maps and structs that come twice are put together), null is the same as absent, unknown
// keys are ignored, a wrong type refuses the whole body. The bodies are described by valibot schemas.
import type { ArraySchema, GenericSchema, ObjectSchema, RecordSchema } from "valibot";
import { InvalidParameterError } from "../base/errors.ts";
import { GoNumber, GoObject, parseGoJson } from "./go-json.ts";
import type { GoValue } from "./go-json.ts";
import { goTypeOf, integerOfType, structName } from "./go-types.ts";

type Entries = Readonly<Record<string, GenericSchema>>;
type AnyObject = ObjectSchema<Entries, undefined>;
type AnyArray = ArraySchema<GenericSchema, undefined>;
type AnyRecord = RecordSchema<GenericSchema<string>, GenericSchema, undefined>;
type Wrapping = GenericSchema & { readonly wrapped: GenericSchema };

/** Where a value stands: the innermost struct, and the fields from the body's root to it. Indexes and keys do not count in Go. */
type Place = { readonly struct: string; readonly fields: readonly string[] };
const root: Place = { struct: "", fields: [] };

/** The value that `text` holds, or InvalidParameterError in dockerd's words. An absent required field gets Go's zero value. */
export function decodeJson<T>(schema: GenericSchema<unknown, T>, text: string): T {
  return decode(schema, parseGoJson(text), root) as T;
}

/** What a body that is not there decodes to. */
export function decodeNothing<T>(schema: GenericSchema<unknown, T>): T {
  return zero(schema) as T;
}

/** `before` is what an earlier key of the same name has given. */
function decode(schema: GenericSchema, value: GoValue, place: Place, before?: unknown): unknown {
  if (value === null) return zero(schema);
  const refuse = (): never => refuseType(schema, value, place);
  switch (schema.type) {
    case "exact_optional":
    case "nullable":
      return decode((schema as Wrapping).wrapped, value, place, before);
    case "object":
      return value instanceof GoObject
        ? decodeObject(schema as AnyObject, value, place, before as object | undefined)
        : refuse();
    case "record":
      return value instanceof GoObject
        ? decodeRecord(schema as AnyRecord, value, place, before as object | undefined)
        : refuse();
    case "array": {
      const { item } = schema as AnyArray;
      return isList(value) ? value.map((one) => decode(item, one, place)) : refuse();
    }
    case "union":
      if (typeof value === "string") return [value];
      return isList(value) && value.every((one) => typeof one === "string" || one === null)
        ? value.map((one) => one ?? "")
        : refuse();
    case "tuple":
      return isList(value) ? decodePair(value, place) : refuse();
    case "number":
      return (value instanceof GoNumber ? integerOfType(schema, value.source) : undefined) ?? refuse();
    default:
      return typeof value === schema.type ? value : refuse();
  }
}

function decodeObject(
  schema: AnyObject,
  { entries }: GoObject,
  { fields }: Place,
  before: object = {},
): Record<string, unknown> {
  const names = namesOf(schema);
  const struct = structName(schema);
  const decoded: Record<string, unknown> = { ...before };
  for (const [key, item] of entries) {
    const name = names.get(key) ?? names.get(key.toLowerCase());
    const field = name === undefined ? undefined : schema.entries[name];
    // As in Go, a later null does not take back what an earlier spelling of the key has set.
    if (name === undefined || !field || item === null) continue;
    decoded[name] = decode(field, item, { struct, fields: [...fields, name] }, decoded[name]);
  }
  for (const [name, field] of Object.entries(schema.entries))
    if (!Object.hasOwn(decoded, name) && field.type !== "exact_optional") decoded[name] = zero(field);
  return decoded;
}

/** fromEntries defines own properties, so that a label named __proto__ is a label like any other. */
function decodeRecord(
  schema: AnyRecord,
  { entries }: GoObject,
  place: Place,
  before: object = {},
): Record<string, unknown> {
  const decoded = entries.map(([key, item]) => [key, decode(schema.value, item, place)] as const);
  return Object.fromEntries([...(Object.entries(before) as [string, unknown][]), ...decoded]);
}

const pairMember = { type: "uint" } as const;

/** Go's `[2]uint`: what is missing is 0, what is too much is left out. */
function decodePair(value: readonly GoValue[], place: Place): [number, number] {
  const [first = 0, second = 0] = value.slice(0, 2).map((one) => {
    if (one === null) return 0;
    if (one instanceof GoNumber && /^\d+$/.test(one.source)) return Number(one.source);
    throw new InvalidParameterError(mismatch(one, pairMember.type, place, one instanceof GoNumber));
  });
  return [first, second];
}

/** Go's zero value: what an absent or null field holds. */
function zero(schema: GenericSchema): unknown {
  switch (schema.type) {
    case "nullable":
      return null;
    case "exact_optional":
      return zero((schema as Wrapping).wrapped);
    case "object":
      return decodeObject(schema as AnyObject, new GoObject([]), root);
    case "array":
      return [];
    case "record":
      return {};
    case "boolean":
      return false;
    case "number":
      return 0;
    default:
      return "";
  }
}

const nameTables = new WeakMap<AnyObject, ReadonlyMap<string, string>>();

/** Field names by themselves and by their lower case; made once for each schema. */
function namesOf(schema: AnyObject): ReadonlyMap<string, string> {
  const known = nameTables.get(schema);
  if (known) return known;
  const names = Object.keys(schema.entries);
  const table = new Map([
    ...names.map((name) => [name.toLowerCase(), name] as const),
    ...names.map((name) => [name, name] as const),
  ]);
  nameTables.set(schema, table);
  return table;
}

function isList(value: GoValue): value is readonly GoValue[] {
  return Array.isArray(value);
}

function refuseType(schema: GenericSchema, value: GoValue, place: Place): never {
  throw new InvalidParameterError(mismatch(value, goTypeOf(schema), place, schema.type === "number"));
}

/** A number is shown where a number was wanted: its kind is right then, and its value is not. */
function mismatch(value: GoValue, wanted: string, { struct, fields }: Place, showNumber: boolean): string {
  const got =
    value instanceof GoNumber
      ? showNumber
        ? `number ${value.source}`
        : "number"
      : value instanceof GoObject
        ? "object"
        : isList(value)
          ? "array"
          : typeof value === "boolean"
            ? "bool"
            : "string";
  const where = fields.length === 0 ? "Go value" : `Go struct field ${struct}.${fields.join(".")}`;
  return `invalid JSON: json: cannot unmarshal ${got} into ${where} of type ${wanted}`;
}
