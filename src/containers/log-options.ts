// What `--log-driver` and `--log-opt` mean for the file that the monitor writes.
import { InvalidParameterError } from "../base/errors.ts";
import type { LogConfig } from "../spec/docker.ts";
import type { LogSpec } from "../runtime/monitor-protocol.ts";

/** The log file of a container, or null with driver `none`. Options are json-file's: max-size, max-file, compress. */
export function logSpec(config: LogConfig, path: string): LogSpec | null {
  if (config.Type === "none") return null;
  const maxSize = config.Config["max-size"];
  return {
    path,
    maxSizeBytes: maxSize === undefined || maxSize === "-1" ? 0 : sizeBytes(maxSize),
    maxFiles: maxFiles(config.Config["max-file"], maxSize !== undefined),
    compress: config.Config["compress"] === "true",
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
function sizeBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text.trim());
  const unit = unitBytes[(match?.[2] ?? "").toLowerCase()];
  if (!match || unit === undefined) throw new InvalidParameterError(`invalid size: '${text}'`);
  return Math.floor(Number(match[1]) * unit);
}
