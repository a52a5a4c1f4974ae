// `--security-opt`, read once for the check of a request and again when its runtime specification is made.
import { InvalidParameterError } from "../../base/errors.ts";

export type SecurityOptions = {
  readonly noNewPrivileges: boolean;
  /** "" or `builtin`: our own; `unconfined`; else the JSON of a profile (the client has read the file). */
  readonly seccomp: string;
  readonly appArmor: string;
  readonly writableCgroups: boolean;
  /** `systempaths=unconfined`: nothing is masked or read-only. The docker client turns it into empty lists itself. */
  readonly unmaskedPaths: boolean;
};

/** Throws InvalidParameterError in Docker's words. SELinux labels are accepted and mean nothing without SELinux (as in Docker). */
export function securityOptions(options: readonly string[] | null): SecurityOptions {
  const unasked: SecurityOptions = {
    noNewPrivileges: false,
    seccomp: "",
    appArmor: "",
    writableCgroups: false,
    unmaskedPaths: false,
  };
  return Object.assign(unasked, ...(options ?? []).map(securityOption)) as SecurityOptions;
}

function securityOption(option: string): Partial<SecurityOptions> {
  if (option === "no-new-privileges") return { noNewPrivileges: true };
  if (option === "writable-cgroups") return { writableCgroups: true };
  if (option === "disable") return {};
  // Docker 1.x wrote "label:disable"; the first separator counts, so that a profile's JSON may hold both.
  const at = option.includes("=") ? option.indexOf("=") : option.indexOf(":");
  if (at < 0) throw new InvalidParameterError(`invalid --security-opt 1: "${option}"`);
  const value = option.slice(at + 1);
  switch (option.slice(0, at)) {
    case "no-new-privileges":
      return { noNewPrivileges: flag(value, option) };
    case "writable-cgroups":
      return { writableCgroups: flag(value, option) };
    case "seccomp":
      return { seccomp: value };
    case "apparmor":
      return { appArmor: value };
    case "label":
      return {};
    case "systempaths":
      if (value === "unconfined") return { unmaskedPaths: true };
      break;
  }
  throw invalid(option);
}

/** Go's strconv.ParseBool. */
function flag(value: string, option: string): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(value)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(value)) return false;
  throw invalid(option);
}

function invalid(option: string): InvalidParameterError {
  return new InvalidParameterError(`invalid --security-opt 2: "${option}"`);
}
