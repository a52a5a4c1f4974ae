// What keeps a container apart: security options, namespaces, health checks and logging options that need a look.

import type { HealthConfig, HostConfig, LogConfig } from "../../spec/docker.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { splitPair } from "../flags.ts";
import { given } from "./limits.ts";
import { readFile } from "./key-values.ts";

function failure(message: string): CommandError {
  return new CommandError(message, 125);
}

export type Security = Pick<HostConfig, "SecurityOpt"> &
  Partial<Pick<HostConfig, "MaskedPaths" | "ReadonlyPaths">>;

/** `--security-opt`: a seccomp profile is read here, `systempaths=unconfined` means that no path is hidden. */
export async function readSecurity(flags: Flags): Promise<Partial<Security>> {
  const options: string[] = [];
  let unconfinedPaths = false;
  for (const option of flags.list("security-opt")) {
    if (option === "systempaths=unconfined") unconfinedPaths = true;
    else options.push(await securityOption(option));
  }
  return {
    ...(options.length > 0 && { SecurityOpt: options }),
    ...(unconfinedPaths && { MaskedPaths: [], ReadonlyPaths: [] }),
  };
}

async function securityOption(option: string): Promise<string> {
  if (option === "no-new-privileges") return option;
  const separator = option.includes("=") ? "=" : ":";
  const at = option.indexOf(separator);
  if (at < 0) throw failure(`Invalid --security-opt: ${JSON.stringify(option)}`);
  const value = option.slice(at + 1);
  if (option.slice(0, at) !== "seccomp" || value === "unconfined" || value === "builtin") return option;
  const problem = `opening seccomp profile (${value}) failed: open ${value}: no such file or directory`;
  const text = await readFile(value, problem);
  try {
    return `seccomp=${JSON.stringify(JSON.parse(text))}`;
  } catch (err) {
    if (err instanceof SyntaxError)
      throw failure(`compacting json for seccomp profile (${value}) failed: ${err.message}`);
    throw err;
  }
}

/** Namespaces that are shared with the host or with another container. */
export function readNamespaces(flags: Flags): Partial<HostConfig> {
  const pid = flags.text("pid");
  if (!["", "host"].includes(pid) && !/^container:.+/.test(pid)) throw failure("--pid: invalid PID mode");
  const checked = (flag: string, kind: string, allowed: readonly string[]) => {
    const value = flags.text(flag);
    if (value !== "" && !allowed.includes(value)) throw failure(`--${flag}: invalid ${kind} mode`);
    return value || undefined;
  };
  return given({
    PidMode: pid || undefined,
    IpcMode: flags.text("ipc") || undefined,
    UTSMode: checked("uts", "UTS", ["host"]),
    UsernsMode: checked("userns", "USER", ["host"]),
    CgroupnsMode: checked("cgroupns", "CGROUP", ["host", "private"]) as
      | HostConfig["CgroupnsMode"]
      | undefined,
  });
}

/** `--health-*` and `--no-healthcheck`; undefined leaves the image's check as it is. */
export function readHealthcheck(flags: Flags): HealthConfig | undefined {
  const command = flags.text("health-cmd");
  const durations = ["interval", "timeout", "start-period", "start-interval"].map((name) => `health-${name}`);
  const any = command !== "" || ["health-retries", ...durations].some((flag) => flags.number(flag) !== 0);
  if (flags.bool("no-healthcheck")) {
    if (any) throw failure("--no-healthcheck conflicts with --health-* options");
    return { Test: ["NONE"] };
  }
  if (!any) return undefined;
  for (const flag of [...durations, "health-retries"]) {
    if (flags.number(flag) < 0) throw failure(`--${flag} cannot be negative`);
  }
  const number = (flag: string) => flags.number(flag) || undefined;
  return given({
    Test: command === "" ? undefined : ["CMD-SHELL", command],
    Interval: number("health-interval"),
    Timeout: number("health-timeout"),
    StartPeriod: number("health-start-period"),
    StartInterval: number("health-start-interval"),
    Retries: number("health-retries"),
  });
}

export function readLogConfig(flags: Flags): LogConfig | undefined {
  const Type = flags.text("log-driver");
  const Config = Object.fromEntries(flags.list("log-opt").map(splitPair));
  const count = Object.keys(Config).length;
  if (Type === "none" && count > 0) throw failure("invalid logging opts for driver none");
  return Type === "" && count === 0 ? undefined : { Type, Config };
}

export function readStorageOptions(flags: Flags): Readonly<Record<string, string>> {
  return Object.fromEntries(
    flags.list("storage-opt").map((option) => {
      if (!option.includes("=")) throw failure("invalid storage option");
      return splitPair(option);
    }),
  );
}
