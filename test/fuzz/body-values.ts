// Values that fit a valibot schema, so that a field added to a request body is fuzzed from the day it is there.
import type { GenericSchema } from "valibot";
import type { Random } from "../harness/random.ts";

type Described = GenericSchema & {
  readonly wrapped?: GenericSchema;
  readonly item?: GenericSchema;
  readonly items?: readonly GenericSchema[];
  readonly options?: readonly GenericSchema[];
  readonly value?: GenericSchema;
  readonly entries?: Readonly<Record<string, GenericSchema>>;
};

/** What the texts of a field are; `folder` is where all absolute paths must be. */
export type FieldTexts = (field: string) => readonly string[];

const numbers = [0, 1, -1, 2, 10, 100, 1000, 100_000, 8 * 2 ** 20, 64 * 2 ** 20, 2 ** 31, 2 ** 53 - 1];

/** A value that `schema` lets through; of an object's fields only a few are there. `field` is the name of the nearest key. */
export function valueFor(schema: GenericSchema, random: Random, texts: FieldTexts, field = ""): unknown {
  const described = schema as Described;
  const inner = (part: GenericSchema | undefined, name = field): unknown =>
    part ? valueFor(part, random, texts, name) : null;
  const several = <T>(make: () => T): T[] => Array.from({ length: random.below(3) }, make);
  switch (schema.type) {
    case "exact_optional":
      return inner(described.wrapped);
    case "nullable":
      return random.oneIn(3) ? null : inner(described.wrapped);
    case "object": {
      const entries = Object.entries(described.entries ?? {});
      const chosen = entries.filter(
        ([, part]) => part.type !== "exact_optional" || random.below(entries.length) < 4,
      );
      return Object.fromEntries(chosen.map(([name, part]) => [name, inner(part, name)]));
    }
    case "array":
      return several(() => inner(described.item));
    case "tuple":
      return (described.items ?? []).map((part) => inner(part));
    case "record":
      return Object.fromEntries(several(() => [random.pick(texts(field)), inner(described.value)]));
    case "union":
      return inner(random.pick(described.options ?? []));
    case "boolean":
      return random.oneIn(2);
    case "number":
      return random.pick(numbers);
    default:
      return random.pick(texts(field));
  }
}
