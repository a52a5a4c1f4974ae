// What this executable was made from. scripts/build.ts puts the values in; a run straight from the sources has none.

declare const SAMPAN_VERSION: string | undefined;
declare const SAMPAN_COMMIT: string | undefined;
declare const SAMPAN_BUILT_AT: string | undefined;

export type BuildInfo = {
  /** From package.json, such as "0.1.0"; "dev" when run from the sources. */
  readonly version: string;
  /** Short git commit, with "-dirty" when the work tree had changes; "unknown" outside a git checkout. */
  readonly commit: string;
  /** RFC 3339, UTC. */
  readonly builtAt: string;
};

export const buildInfo: BuildInfo = {
  version: typeof SAMPAN_VERSION === "string" ? SAMPAN_VERSION : "dev",
  commit: typeof SAMPAN_COMMIT === "string" ? SAMPAN_COMMIT : "unknown",
  builtAt: typeof SAMPAN_BUILT_AT === "string" ? SAMPAN_BUILT_AT : "1970-01-01T00:00:00Z",
};
