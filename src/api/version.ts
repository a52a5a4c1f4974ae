// Versions of the Engine API. All are 1.x, so the minor number stands for the version: comparing is comparing numbers.
import { InvalidParameterError } from "../base/errors.ts";

export type ApiVersion = number;

export const newestVersion: ApiVersion = 55;
export const oldestVersion: ApiVersion = 24;

export function versionText(version: ApiVersion): string {
  return `1.${version}`;
}

/** The last that docker-py 6 and compose 1 can read: images lost ContainerConfig in 1.45, events their id in 1.52. */
const lastVersionOfDockerPy6: ApiVersion = 44;

/**
 * The version that `GET /version` names to a client of this User-Agent as the newest. Most take the lower one of it and
 * their own. Compose 1 and docker-py before 7 speak the version that they are named, whether they know it or not.
 */
export function versionNamedTo(client: string): ApiVersion {
  return /^(docker-compose\/1|docker-sdk-python\/[0-6])\./.test(client)
    ? lastVersionOfDockerPy6
    : newestVersion;
}

/** A client older than any supported API: dockerd answers it in plain text, since it may not read JSON errors. */
export class VersionTooOldError extends InvalidParameterError {}

/** Reads what stands behind `/v` in a path (digits and dots), or refuses it in dockerd's words. Parts after the second are ignored. */
export function parseVersion(text: string): ApiVersion {
  const [major = 0, minor = 0] = text.split(".").map(Number);
  if (major < 1 || (major === 1 && minor < oldestVersion))
    throw new VersionTooOldError(
      `client version ${text} is too old. Minimum supported API version is ${versionText(oldestVersion)}, please upgrade your client to a newer version`,
    );
  if (major > 1 || minor > newestVersion)
    throw new InvalidParameterError(
      `client version ${text} is too new. Maximum supported API version is ${versionText(newestVersion)}`,
    );
  return minor;
}
