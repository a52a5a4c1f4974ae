// What `--log-driver` and `--log-opt` mean for the file that the monitor writes.
import { InvalidParameterError } from "../base/errors.ts";
import type { LogConfig } from "../spec/docker.ts";
import type { LogSpec } from "../runtime/monitor-protocol.ts";

/** What dockerd's driver `local` does where it is not told otherwise. */
const localOptions = { "max-size": "20m", "max-file": "5", compress: "true" };

/** The log file of a container, or null with driver `none`. Options are json-file's: max-size, max-file, compress. */
export function logSpec({ Type, Config }: LogConfig, path: string): LogSpec | null {
  if (Type === "none") return null;
  const options: LogConfig["Config"] = { ...(Type === "local" ? localOptions : {}), ...Config };
  const maxSize = options["max-size"];
  return {
    path,
    maxSizeBytes: maxSize === undefined || maxSize === "-1" ? 0 : sizeBytes(maxSize),
    maxFiles: maxFiles(options["max-file"], maxSize !== undefined),
    compress: options["compress"] === "true",
  };
}

function maxFiles(text: string | undefined, hasSize: boolean): number {
  if (text === undefined) return 1;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new InvalidParameterError(`max-file cannot be less than 1: "${text}"`);
  if (count > 1 && !hasSize) throw new InvalidParameterError("max-file: max-size must be set as well");
  return count;
}

const unitBytes: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

/** `10m`, `512k`, `1g`, `100`: powers of 1024, as Docker's units.RAMInBytes. */
export function sizeBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text.trim());
  const unit = unitBytes[(match?.[2] ?? "").toLowerCase()];
  if (!match || unit === undefined) throw new InvalidParameterError(`invalid size: '${text}'`);
  return Math.floor(Number(match[1]) * unit);
}
