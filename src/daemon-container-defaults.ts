// The part of the daemon's configuration that containers get which ask for nothing else, in dockerd's words. Pure.
import { InvalidParameterError } from "./base/errors.ts";
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
  const logOptions = { ...textsOf("log-opts", file["log-opts"]), ...pairs("log-opt", flags["log-opt"]) };
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
    init: switchOf("init", given("init")),
    noNewPrivileges: switchOf("no-new-privileges", given("no-new-privileges")),
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
  if (value === undefined) return [];
  return Object.entries(objectOf("default-ulimits", value)).map(([name, limits]) => {
    const { Name = name, Soft, Hard } = objectOf(`default-ulimits.${name}`, limits);
    if (Name !== name || !Number.isInteger(Soft) || !Number.isInteger(Hard))
      throw new InvalidParameterError(`default-ulimits.${name} must have Name, Soft and Hard`);
    return { Name: name, Soft: Number(Soft), Hard: Number(Hard) };
  });
}

function objectOf(key: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new InvalidParameterError(`${key} must be an object`);
}

function textsOf(key: string, value: unknown): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  const texts = objectOf(key, value);
  if (Object.values(texts).every((text) => typeof text === "string")) return texts as Record<string, string>;
  throw new InvalidParameterError(`${key} must be an object of strings`);
}

function textOf(key: string, value: unknown): string | undefined {
  if (value === undefined || value === "") return undefined;
  if (typeof value === "string") return value;
  throw new InvalidParameterError(`${key} must be a string`);
}

function switchOf(key: string, value: unknown): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw new InvalidParameterError(`${key} must be true or false`);
}

/** `name=value` each. */
export function pairs(flag: string, items: readonly string[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(
    items.map((item) => {
      const at = item.indexOf("=");
      if (at <= 0)
        throw new InvalidParameterError(`invalid argument "${item}" for "--${flag}": must be name=value`);
      return [item.slice(0, at), item.slice(at + 1)];
    }),
  );
}
