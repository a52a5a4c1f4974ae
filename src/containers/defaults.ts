// What the daemon's configuration gives to containers that ask for nothing else.
import type { HostConfig, Ulimit } from "../spec/docker.ts";

export type ContainerDefaults = {
  readonly logDriver: string;
  /** Of that driver. */
  readonly logOptions: Readonly<Record<string, string>>;
  readonly shmSizeBytes: number;
  readonly ulimits: readonly Ulimit[];
  readonly init: boolean;
  readonly noNewPrivileges: boolean;
};

/** Docker's own. */
export const unconfigured: ContainerDefaults = {
  logDriver: "json-file",
  logOptions: {},
  shmSizeBytes: 64 * 1024 * 1024,
  ulimits: [],
  init: false,
  noNewPrivileges: false,
};

/**
 * What a run gets of them that no record tells: that holds what was asked for, and the next run has the defaults of its own day
 * (as with Docker).
 */
export function withDefaults(hostConfig: HostConfig, defaults: ContainerDefaults): HostConfig {
  const asked = new Set(hostConfig.Ulimits?.map(({ Name }) => Name));
  return {
    ...hostConfig,
    Init: hostConfig.Init ?? defaults.init,
    Ulimits: [...(hostConfig.Ulimits ?? []), ...defaults.ulimits.filter(({ Name }) => !asked.has(Name))],
    // The last word counts: `no-new-privileges=false` takes it back.
    SecurityOpt: [
      ...(defaults.noNewPrivileges ? ["no-new-privileges"] : []),
      ...(hostConfig.SecurityOpt ?? []),
    ],
  };
}
