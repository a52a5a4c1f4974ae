// `--ulimit`: names that exist, and a warning where this daemon cannot give what was asked.
import { InvalidParameterError } from "../../base/errors.ts";
import { holds } from "../../runtime/oci-spec/capabilities.ts";
import type { HostConfig, Ulimit } from "../../spec/docker.ts";
import type { HostFacts } from "../settings.ts";

/** Resources of prlimit(2), lower case as the API writes them. */
const names = new Set(
  "as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(
    " ",
  ),
);

/** Throws InvalidParameterError; returns warnings about hard limits above the daemon's own, which are lowered at the start. */
export function checkUlimits(
  { Ulimits }: HostConfig,
  { capabilities, hardLimits }: HostFacts,
): readonly string[] {
  const mayRaise = holds(capabilities, "CAP_SYS_RESOURCE");
  const warnings: string[] = [];
  for (const ulimit of Ulimits ?? []) {
    checkUlimit(ulimit);
    const { Name, Hard } = ulimit;
    const own = hardLimits[Name];
    if (!mayRaise && own !== undefined && (Hard === -1 || Hard > own))
      warnings.push(`This daemon may not raise limits: ulimit ${Name} will be ${own} instead of ${Hard}.`);
  }
  return warnings;
}

/** Throws InvalidParameterError in Docker's words. */
export function checkUlimit({ Name, Hard, Soft }: Ulimit): void {
  if (!names.has(Name)) throw new InvalidParameterError(`invalid ulimit type: ${Name}`);
  if (Hard !== -1 && (Soft > Hard || Soft === -1))
    throw new InvalidParameterError(
      `ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`,
    );
}
