// `--log-driver` and `--log-opt`.
import { InvalidParameterError } from "../../base/errors.ts";
import type { LogConfig } from "../../spec/docker.ts";
import type { ContainerDefaults } from "../defaults.ts";
import { logSpec } from "../log-options.ts";

/** Options by driver. `local` differs from `json-file` in dockerd's file format only, which nobody else reads. */
const knownOptions: Readonly<Record<string, readonly string[]>> = {
  none: [],
  local: ["max-size", "max-file", "compress", "mode", "max-buffer-size"],
  "json-file": [
    "max-size",
    "max-file",
    "compress",
    "labels",
    "labels-regex",
    "env",
    "env-regex",
    "tag",
    "mode",
    "max-buffer-size",
  ],
};

/** The log configuration with the daemon's defaults (its options are its own driver's); refused in Docker's words when the driver or an option does not exist. */
export function logConfig(
  asked: Partial<LogConfig> | undefined,
  { logDriver, logOptions }: Pick<ContainerDefaults, "logDriver" | "logOptions">,
): LogConfig {
  const Type = asked?.Type || logDriver;
  const options = knownOptions[Type];
  if (!options) throw new InvalidParameterError(`logger: no log driver named '${Type}' is registered`);
  for (const name of Object.keys(asked?.Config ?? {}))
    if (!options.includes(name))
      throw new InvalidParameterError(
        Type === "local"
          ? `unknown log opt '${name}' for log driver ${Type}`
          : `unknown log opt '${name}' for ${Type} log driver`,
      );
  const config = { Type, Config: { ...(Type === logDriver ? logOptions : {}), ...asked?.Config } };
  logSpec(config, ""); // refuses sizes and counts that are none
  return config;
}
