// `-v`: `source:destination[:mode]`, where the source is a path or a volume's name, or `destination` alone.
import { InvalidParameterError } from "../../base/errors.ts";
import type { MountPropagation } from "../../spec/docker.ts";

export type MountMode = {
  readonly readOnly: boolean;
  /** "" when the mode does not say. */
  readonly propagation: MountPropagation;
  /** undefined when the mode does not say. */
  readonly copy: boolean | undefined;
};

export type BindSpec = {
  /** "" for a volume that is to be made with no name. */
  readonly source: string;
  readonly destination: string;
  readonly mode: string;
};

/** Each word of a mode belongs to one of these kinds, and a mode has one word of a kind at most. */
const kinds: readonly (readonly string[])[] = [
  ["rw", "ro"],
  ["z", "Z"],
  ["private", "rprivate", "slave", "rslave", "shared", "rshared"],
  ["nocopy"],
  ["consistent", "cached", "delegated", "default"],
];

/** Throws InvalidParameterError in Docker's words. */
export function parseBindSpec(spec: string): BindSpec {
  const [first = "", second, third, ...rest] = spec.split(":");
  if (first === "" || rest.length > 0) throw invalidSpec(spec);
  if (second === undefined) return { source: "", destination: first, mode: "" };
  if (third === undefined) {
    // "/data:ro" names no destination.
    if (isMode(second)) throw invalidSpec(spec);
    return { source: first, destination: second, mode: "" };
  }
  if (!isMode(third)) throw invalidMode(third);
  return { source: first, destination: second, mode: third };
}

/** `<container>[:<mode>]` of `--volumes-from`: its mode may only say whether it can be written. */
export function parseVolumesFrom(spec: string): { readonly container: string; readonly mode: string } {
  const [container = "", ...rest] = spec.split(":");
  if (spec === "") throw new InvalidParameterError("volumes-from specification cannot be an empty string");
  const mode = rest.join(":") || "rw";
  if (!isMode(mode)) throw invalidMode(mode);
  const { propagation, copy } = mountMode(mode);
  if (propagation !== "" || copy !== undefined) throw invalidMode(mode);
  return { container, mode };
}

/** What a mode that `parseBindSpec` let through says. */
export function mountMode(mode: string): MountMode {
  const words = mode.split(",");
  const propagation = words.find((word) => kinds[2]?.includes(word)) ?? "";
  return {
    readOnly: words.includes("ro"),
    propagation: propagation as MountPropagation,
    copy: words.includes("nocopy") ? false : undefined,
  };
}

function isMode(mode: string): boolean {
  if (mode === "") return true;
  const kindOf = (word: string): number => kinds.findIndex((kind) => kind.includes(word));
  const found = mode.split(",").map(kindOf);
  return !found.includes(-1) && new Set(found).size === found.length;
}

export function invalidSpec(spec: string, why = ""): InvalidParameterError {
  return new InvalidParameterError(`invalid volume specification: '${spec}'${why === "" ? "" : `: ${why}`}`);
}

function invalidMode(mode: string): InvalidParameterError {
  return new InvalidParameterError(`invalid mode: ${mode}`);
}
