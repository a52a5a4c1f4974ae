// Values of daemon.json, each of the kind that its key has; InvalidParameterError names the key. Undefined is what nobody said.
import { InvalidParameterError } from "./base/errors.ts";

/** "" says nothing, as with dockerd. */
export function textOf(key: string, value: unknown): string | undefined {
  if (value === undefined || value === "") return undefined;
  if (typeof value === "string") return value;
  throw new InvalidParameterError(`${key} must be a string`);
}

export function textsOf(key: string, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new InvalidParameterError(`${key} must be a list of strings`);
}

export function switchOf(key: string, value: unknown, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value === "boolean") return value;
  throw new InvalidParameterError(`${key} must be true or false`);
}

export function objectOf(key: string, value: unknown): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new InvalidParameterError(`${key} must be an object`);
}

export function textMapOf(key: string, value: unknown): Readonly<Record<string, string>> {
  const texts = objectOf(key, value);
  if (Object.values(texts).every((text) => typeof text === "string"))
    return texts as Readonly<Record<string, string>>;
  throw new InvalidParameterError(`${key} must be an object of strings`);
}

/** Of flags: `name=value` each. */
export function pairs(flag: string, items: readonly string[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(
    items.map((item) => {
      const at = item.indexOf("=");
      if (at <= 0)
        throw new InvalidParameterError(`invalid argument "${item}" for "--${flag}": must be name=value`);
      return [item.slice(0, at), item.slice(at + 1)];
    }),
  );
}
