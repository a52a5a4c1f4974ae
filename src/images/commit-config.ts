// What containers of a committed image run: the container's own configuration, or the one in the request, with changes.
import type { ContainerConfig } from "../spec/docker.ts";
import type { ImageRunConfig } from "../spec/oci-image.ts";
import { applyChanges } from "./changes.ts";

/** `asked` is filled up from the container's configuration. @throws InvalidParameterError for changes that are none. */
export function committedConfig(
  container: Partial<ContainerConfig>,
  asked: Partial<ContainerConfig> | undefined,
  changes: readonly string[],
): ImageRunConfig {
  const base = runConfig(container);
  const config = applyChanges(asked === undefined ? base : runConfig(asked), changes);
  const names = new Set((config.Env ?? []).map(nameOf));
  const env = [...(config.Env ?? []), ...(base.Env ?? []).filter((entry) => !names.has(nameOf(entry)))];
  const hasProgram = (config.Entrypoint ?? []).length > 0 || (config.Cmd ?? []).length > 0;
  return {
    ...base,
    ...config,
    ...(env.length === 0 ? {} : { Env: env }),
    ...merged("ExposedPorts", config, base),
    ...merged("Volumes", config, base),
    ...merged("Labels", config, base),
    // The command belongs to the program that it was given to.
    ...(hasProgram && config.Cmd === undefined ? { Cmd: null } : {}),
  };
}

const kept = new Set(
  "User ExposedPorts Env Entrypoint Cmd Volumes WorkingDir Labels StopSignal ArgsEscaped Healthcheck OnBuild Shell".split(
    " ",
  ),
);

/** Of a container's configuration what an image keeps, without what says nothing. */
function runConfig(config: Partial<ContainerConfig>): ImageRunConfig {
  const given = Object.entries(config).filter(
    ([key, value]) => kept.has(key) && value !== null && value !== undefined && value !== "",
  );
  return Object.fromEntries(given) as ImageRunConfig;
}

function merged(
  key: "ExposedPorts" | "Volumes" | "Labels",
  config: ImageRunConfig,
  base: ImageRunConfig,
): Partial<ImageRunConfig> {
  const all = { ...base[key], ...config[key] };
  return Object.keys(all).length === 0 ? {} : { [key]: all };
}

function nameOf(entry: string): string {
  return entry.split("=", 1)[0] ?? "";
}
