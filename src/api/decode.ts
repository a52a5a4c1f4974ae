// JSON bodies, read by the rules of Go's encoding/json, because clients of dockerd depend on them: keys match in any
// case (the last one wins), null is the same as absent, unknown keys are ignored, a wrong type refuses the whole body.
// The bodies are described by valibot schemas; objects, lists and maps are walked here, and valibot checks the leaves.
import { safeParse } from "valibot";
import type { ArraySchema, GenericSchema, ObjectSchema, RecordSchema } from "valibot";
import { InvalidParameterError } from "../base/errors.ts";

/** What the refusals call the leaves: clients' authors know the API by Go's names. */
const goTypes: ReadonlyMap<string, string> = new Map([
  ["boolean", "bool"],
  ["number", "int64"],
  ["union", "list of strings"],
  ["tuple", "[2]uint"],
]);

type Entries = Readonly<Record<string, GenericSchema>>;
type AnyObject = ObjectSchema<Entries, undefined>;
type AnyArray = ArraySchema<GenericSchema, undefined>;
type AnyRecord = RecordSchema<GenericSchema<string>, GenericSchema, undefined>;
type Wrapping = GenericSchema & { readonly wrapped: GenericSchema };

/** The value that `text` holds, or InvalidParameterError in dockerd's words. An absent required field gets Go's zero value. */
export function decodeJson<T>(schema: GenericSchema<unknown, T>, text: string): T {
  return decode(schema, parse(text), "") as T;
}

function parse(text: string): unknown {
  if (text.trim() === "") throw new InvalidParameterError("invalid JSON: got EOF while reading request body");
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^JSON Parse error: /, "") : String(cause);
    throw new InvalidParameterError(`invalid JSON: ${why}`, { cause });
  }
}

function decode(schema: GenericSchema, value: unknown, path: string): unknown {
  if (value === null || value === undefined) return zero(schema);
  switch (schema.type) {
    case "exact_optional":
    case "nullable":
      return decode((schema as Wrapping).wrapped, value, path);
    case "object":
      return decodeObject(schema as AnyObject, value, path);
    case "array": {
      if (!Array.isArray(value)) return refuse(value, path, "list");
      return value.map((item: unknown) => decode((schema as AnyArray).item, item, `${path}[]`));
    }
    case "record": {
      const entries = Object.entries(asObject(value, path));
      // fromEntries defines own properties, so that a label named __proto__ is a label like any other.
      return Object.fromEntries(
        entries.map(([key, item]) => [key, decode((schema as AnyRecord).value, item, `${path}.${key}`)]),
      );
    }
    default: {
      const { success, output } = safeParse(schema, value);
      return success ? output : refuse(value, path, goTypes.get(schema.type) ?? schema.expects);
    }
  }
}

function decodeObject(schema: AnyObject, value: unknown, path: string): Record<string, unknown> {
  const names = namesOf(schema);
  const decoded: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(asObject(value, path))) {
    const name = names.get(key) ?? names.get(key.toLowerCase());
    const field = name === undefined ? undefined : schema.entries[name];
    if (name === undefined || !field) continue;
    // As in Go, a later null does not take back what an earlier spelling of the key has set.
    if (item !== null) decoded[name] = decode(field, item, path ? `${path}.${name}` : name);
  }
  for (const [name, field] of Object.entries(schema.entries))
    if (!Object.hasOwn(decoded, name) && field.type !== "exact_optional") decoded[name] = zero(field);
  return decoded;
}

/** Go's zero value: what an absent or null field holds. */
function zero(schema: GenericSchema): unknown {
  switch (schema.type) {
    case "nullable":
      return null;
    case "exact_optional":
      return zero((schema as Wrapping).wrapped);
    case "object":
      return decodeObject(schema as AnyObject, {}, "");
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

function asObject(value: unknown, path: string): object {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value
    : refuse(value, path, "object");
}

function refuse(value: unknown, path: string, wanted: string): never {
  const got = Array.isArray(value) ? "list" : typeof value === "boolean" ? "bool" : typeof value;
  const shown = typeof value === "number" ? `number ${value}` : got;
  const where = path === "" ? "the body" : `field ${path}`;
  throw new InvalidParameterError(`invalid JSON: cannot unmarshal ${shown} into ${where} of type ${wanted}`);
}
