// What Go calls the types of the API's bodies: refusals name them, and clients' authors know the API by them.
import * as v from "valibot";
import type { ArraySchema, GenericSchema, RecordSchema } from "valibot";

type Wrapping = GenericSchema & { readonly wrapped: GenericSchema };
type AnyArray = ArraySchema<GenericSchema, undefined>;
type AnyRecord = RecordSchema<GenericSchema<string>, GenericSchema, undefined>;

/** Smallest and largest value. */
const integerTypes = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  int: [-(2n ** 63n), 2n ** 63n - 1n],
  "time.Duration": [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  uint: [0n, 2n ** 64n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  uint16: [0n, 2n ** 16n - 1n],
} as const;

const names = new WeakMap<GenericSchema, string>();

/** Gives the schema of a struct the name that it has in Go, its package included. */
export function named<S extends GenericSchema>(name: string, schema: S): S {
  names.set(schema, name);
  return schema;
}

/** A whole number of one of Go's types; decode.ts checks its range by the name. */
export function whole(type: keyof typeof integerTypes): GenericSchema<number> {
  return named(type, v.number());
}

/**
 * The number that Go would take this text for, or undefined where it is none of the schema's type. The nearest double of
 * 2^63 - 1, with which clients mean "no limit", is 2^63, which runtimes refuse: then it is the one below.
 */
export function integerOfType(schema: GenericSchema, source: string): number | undefined {
  const [min, max] = integerTypes[(names.get(schema) ?? "int64") as keyof typeof integerTypes];
  if (!/^-?\d+$/.test(source)) return undefined;
  const exact = BigInt(source);
  if (exact < min || exact > max) return undefined;
  const number = Number(source);
  return BigInt(number) > max ? number * (1 - 2 ** -53) : number;
}

/** `[]string`, `map[string]struct {}`, `container.HostConfig`. */
export function goTypeOf(schema: GenericSchema): string {
  switch (schema.type) {
    case "exact_optional":
    case "nullable":
      return goTypeOf((schema as Wrapping).wrapped);
    case "array":
      return `[]${goTypeOf((schema as AnyArray).item)}`;
    case "record":
      return `map[string]${goTypeOf((schema as AnyRecord).value)}`;
    case "boolean":
      return "bool";
    case "tuple":
      return "[2]uint";
    // A list or one text: Go says the latter, which it tries last.
    case "union":
      return "string";
    default:
      return names.get(schema) ?? schema.type;
  }
}

/** As `goTypeOf`, without the package. */
export function structName(schema: GenericSchema): string {
  return goTypeOf(schema).replace(/^.*\./, "");
}
