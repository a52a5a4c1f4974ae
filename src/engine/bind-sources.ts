// The folders and files of the host that containers are given. What `--mount` names must be there; what `-v` names is made
// as a folder, at the creation and again at each start, as Docker does.
import { mkdirSync, statSync } from "node:fs";
import { posix } from "node:path";
import { InvalidParameterError } from "../base/errors.ts";
import type { ContainerRecord } from "../containers/record.ts";
import type { MountPoint } from "../spec/docker.ts";

/** InvalidParameterError in Docker's words when it is not there. Only for binds. */
export function requireBindSource(mount: MountPoint): void {
  if (mount.Type === "bind" && !isThere(mount))
    throw new InvalidParameterError(
      `invalid mount config for type "bind": bind source path does not exist: ${mount.Source}`,
    );
}

export function makeBindSource(mount: MountPoint): void {
  if (mount.Type === "bind" && !isThere(mount)) mkdirSync(mount.Source, { recursive: true });
}

/** For a start: what was there at the creation may have gone. */
export function ensureBindSources({ mounts, hostConfig }: ContainerRecord): void {
  const required = new Set(
    (hostConfig.Mounts ?? [])
      .filter(({ BindOptions }) => !BindOptions?.CreateMountpoint)
      .map(({ Target }) => posix.resolve("/", Target)),
  );
  for (const mount of mounts)
    if (required.has(mount.Destination)) requireBindSource(mount);
    else makeBindSource(mount);
}

function isThere({ Source }: MountPoint): boolean {
  return statSync(Source, { throwIfNoEntry: false }) !== undefined;
}
