// `--ulimit` as the specification writes it.
import type { RawNumber, Rlimit } from "../../spec/oci-runtime.ts";
import type { Ulimit } from "../../spec/docker.ts";
import { holds } from "./capabilities.ts";
import type { SpecHost } from "./spec-input.ts";

/** In ES2026, and in Bun; TypeScript's library has it not yet. */
type WithRawJson = { rawJSON(digits: string): RawNumber };

/** RLIM_INFINITY of the kernel, 2^64-1. */
const unlimited = (JSON as unknown as WithRawJson).rawJSON("18446744073709551615");

/** Limits above the daemon's own are lowered where it may not raise them: a start must not fail for the hoster's settings. */
export function rlimits(
  ulimits: readonly Ulimit[] | null,
  { capabilities, hardLimits }: Pick<SpecHost, "capabilities" | "hardLimits">,
): readonly Rlimit[] {
  const mayRaise = holds(capabilities, "CAP_SYS_RESOURCE");
  return (ulimits ?? []).map(({ Name, Hard, Soft }) => {
    const own = mayRaise ? undefined : hardLimits[Name];
    const possible = (limit: number): Rlimit["hard"] => {
      if (own !== undefined && (limit === -1 || limit > own)) return own;
      return limit === -1 ? unlimited : limit;
    };
    return { type: `RLIMIT_${Name.toUpperCase()}`, hard: possible(Hard), soft: possible(Soft) };
  });
}
