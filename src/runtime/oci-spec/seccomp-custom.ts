// A filter that the user brings (`--security-opt seccomp=<file>`): Docker's format of profiles, turned into the
// specification's by deciding its conditions for one container.
import { InvalidParameterError } from "../../base/errors.ts";
import type { Seccomp, SeccompArg, SeccompRule } from "../../spec/oci-runtime.ts";

type Conditions = {
  readonly caps?: readonly string[] | null;
  readonly arches?: readonly string[] | null;
  /** `major.minor` */
  readonly minKernel?: string;
};

type ProfileRule = Omit<SeccompRule, "names" | "args"> & {
  readonly name?: string;
  readonly names?: readonly string[] | null;
  readonly args?: readonly SeccompArg[] | null;
  readonly includes?: Conditions;
  readonly excludes?: Conditions;
};

type Profile = {
  readonly defaultAction?: Seccomp["defaultAction"];
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[] | null;
  readonly archMap?:
    | readonly { readonly architecture: string; readonly subArchitectures?: readonly string[] | null }[]
    | null;
  readonly flags?: readonly string[];
  readonly syscalls?: readonly ProfileRule[] | null;
};

export type FilterTarget = {
  readonly capabilities: readonly string[];
  /** As `process.arch` says. */
  readonly architecture: string;
};

/** Go's name of an architecture, for conditions, and libseccomp's, for the map. */
const architectureNames: Readonly<Record<string, { readonly go: string; readonly seccomp: string }>> = {
  x64: { go: "amd64", seccomp: "SCMP_ARCH_X86_64" },
  arm64: { go: "arm64", seccomp: "SCMP_ARCH_AARCH64" },
};

/** Throws InvalidParameterError for what is no profile. Without a target it is only checked. */
export function seccompProfile(
  json: string,
  target: FilterTarget = { capabilities: [], architecture: process.arch },
): Seccomp {
  const profile = parse(json);
  if (!profile.defaultAction) throw invalid("defaultAction is missing");
  if (profile.architectures && profile.archMap)
    throw new InvalidParameterError(
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  const known = profile.architectures ?? mapped(profile, target);
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(known.length === 0 ? {} : { architectures: known }),
    ...(profile.flags ? { flags: profile.flags } : {}),
    syscalls: (profile.syscalls ?? []).flatMap((rule) => ruleFor(rule, target)),
  };
}

function parse(json: string): Profile {
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch (err) {
    throw invalid(err instanceof Error ? err.message : String(err));
  }
  throw invalid("it is not an object");
}

function invalid(why: string): InvalidParameterError {
  return new InvalidParameterError(`Decoding seccomp profile failed: ${why}`);
}

function mapped({ archMap }: Profile, { architecture }: FilterTarget): readonly string[] {
  const own = architectureNames[architecture]?.seccomp;
  const entry = (archMap ?? []).find((candidate) => candidate.architecture === own);
  return entry ? [entry.architecture, ...(entry.subArchitectures ?? [])] : [];
}

/** No rule where a condition does not hold. The kernel is newer than any that a profile may ask for (4.8). */
function ruleFor(rule: ProfileRule, { capabilities, architecture }: FilterTarget): readonly SeccompRule[] {
  const { name, names, action, args, errnoRet, includes = {}, excludes = {} } = rule;
  if (name && (names ?? []).length > 0)
    throw new InvalidParameterError(
      "both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'",
    );
  if (!action) throw invalid("a rule has no action");
  const isOwn = (go: string): boolean => architectureNames[architecture]?.go === go;
  const isHeld = (capability: string): boolean => capabilities.includes(capability);
  if ((includes.arches ?? []).length > 0 && !includes.arches?.some(isOwn)) return [];
  if (includes.caps?.some((capability) => !isHeld(capability))) return [];
  if (excludes.arches?.some(isOwn) || excludes.caps?.some(isHeld) || excludes.minKernel) return [];
  return [
    {
      names: name ? [name] : (names ?? []),
      action,
      ...(errnoRet === undefined ? {} : { errnoRet }),
      ...(args && args.length > 0 ? { args } : {}),
    },
  ];
}
