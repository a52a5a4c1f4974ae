// The part of the daemon's configuration that containers get which ask for nothing else, in dockerd's words. Pure.
import { InvalidParameterError } from "./base/errors.ts";
import { objectOf, pairs, switchOf, textMapOf, textOf } from "./config-values.ts";
import { unconfigured, type ContainerDefaults } from "./containers/defaults.ts";
import { sizeBytes } from "./containers/log-options.ts";
import { logConfig } from "./containers/settings/log-driver.ts";
import { checkUlimit } from "./containers/settings/ulimits.ts";
import type { Ulimit } from "./spec/docker.ts";

export type ContainerFlags = {
  readonly "log-driver"?: string | undefined;
  readonly "log-opt"?: readonly string[] | undefined;
  readonly "default-shm-size"?: string | undefined;
  readonly "default-ulimit"?: readonly string[] | undefined;
  readonly init?: boolean | undefined;
  readonly "no-new-privileges"?: boolean | undefined;
};

/** Keys of daemon.json, by the flag that says the same. */
export const containerKeys = {
  "log-driver": "log-driver",
  "log-opts": "log-opt",
  "default-shm-size": "default-shm-size",
  "default-ulimits": "default-ulimit",
  init: "init",
  "no-new-privileges": "no-new-privileges",
} as const;

/** A container that asks for what cannot be is refused; so is a daemon that would give it that. */
export function containerDefaults(
  flags: ContainerFlags,
  file: Readonly<Record<string, unknown>>,
): ContainerDefaults {
  const given = (key: keyof typeof containerKeys): unknown => flags[containerKeys[key]] ?? file[key];
  const logDriver = textOf("log-driver", given("log-driver")) ?? unconfigured.logDriver;
  const logOptions = { ...textMapOf("log-opts", file["log-opts"]), ...pairs("log-opt", flags["log-opt"]) };
  logConfig({ Type: logDriver, Config: logOptions }, unconfigured);
  const ulimits = new Map(
    [
      ...ulimitsOf(file["default-ulimits"]),
      ...Object.entries(pairs("default-ulimit", flags["default-ulimit"])).map(ulimitOf),
    ].map((ulimit) => [ulimit.Name, ulimit]),
  );
  ulimits.values().forEach(checkUlimit);
  return {
    logDriver,
    logOptions,
    shmSizeBytes: shmSizeOf(given("default-shm-size")),
    ulimits: [...ulimits.values()],
    init: switchOf("init", given("init"), unconfigured.init),
    noNewPrivileges: switchOf("no-new-privileges", given("no-new-privileges"), unconfigured.noNewPrivileges),
  };
}

/** `64m`, or bytes. */
function shmSizeOf(value: unknown): number {
  if (value === undefined) return unconfigured.shmSizeBytes;
  const bytes = typeof value === "number" ? value : sizeBytes(textOf("default-shm-size", value) ?? "");
  if (Number.isInteger(bytes) && bytes > 0) return bytes;
  throw new InvalidParameterError(`invalid default-shm-size: ${JSON.stringify(value)}`);
}

/** Flags say `nofile=1024:2048`, soft and hard; one number is both. */
function ulimitOf([name, value]: readonly [string, string]): Ulimit {
  const [soft = "", hard = soft, more] = value.split(":");
  if (more !== undefined || ![soft, hard].every((text) => /^-?\d{1,15}$/.test(text)))
    throw new InvalidParameterError(`invalid default-ulimit ${name}=${value}: give soft[:hard]`);
  return { Name: name, Soft: Number(soft), Hard: Number(hard) };
}

/** The file says `{"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}}`. */
function ulimitsOf(value: unknown): Ulimit[] {
  return Object.entries(objectOf("default-ulimits", value)).map(([name, limits]) => {
    const { Name = name, Soft, Hard } = objectOf(`default-ulimits.${name}`, limits);
    if (Name !== name || !Number.isInteger(Soft) || !Number.isInteger(Hard))
      throw new InvalidParameterError(`default-ulimits.${name} must have Name, Soft and Hard`);
    return { Name: name, Soft: Number(Soft), Hard: Number(Hard) };
  });
}
