// The system call filter of one container.
import type { HostConfig } from "../../spec/docker.ts";
import type { Seccomp, SeccompRule } from "../../spec/oci-runtime.ts";
import { seccompProfile } from "./seccomp-custom.ts";
import {
  always,
  architectures,
  byArchitecture,
  byCapability,
  personalities,
  plainClone,
  socketFamilies,
} from "./seccomp-profile.ts";
import { securityOptions } from "./security-options.ts";
import type { SpecHost } from "./spec-input.ts";

const allow = "SCMP_ACT_ALLOW";
const refuse = "SCMP_ACT_ERRNO";
const eperm = 1;
const enosys = 38;

/** undefined: no filter. A privileged container has one only when it brings its own. */
export function seccompOf(
  { SecurityOpt, Privileged }: Pick<HostConfig, "SecurityOpt" | "Privileged">,
  capabilities: readonly string[],
  host: Pick<SpecHost, "seccomp" | "architecture">,
): Seccomp | undefined {
  const { seccomp: asked } = securityOptions(SecurityOpt);
  const isOwn = asked === "" || asked === "builtin";
  if (!host.seccomp || asked === "unconfined" || (Privileged && isOwn)) return undefined;
  return isOwn
    ? defaultFilter(capabilities, host.architecture)
    : customFilter(asked, capabilities, host.architecture);
}

function defaultFilter(capabilities: readonly string[], architecture: string): Seccomp | undefined {
  const known = architectures[architecture];
  if (!known) return undefined;
  const names = [
    ...always.flat(),
    ...(byArchitecture[architecture] ?? []),
    ...capabilities.flatMap((capability) => byCapability[capability] ?? []),
  ];
  return {
    defaultAction: refuse,
    defaultErrnoRet: eperm,
    architectures: known,
    syscalls: [{ names: [...new Set(names)], action: allow }, ...conditional(capabilities)],
  };
}

function conditional(capabilities: readonly string[]): readonly SeccompRule[] {
  const rules: SeccompRule[] = [
    ...personalities.map((arg) => ({ names: ["personality"], action: allow, args: [arg] }) as const),
    ...socketFamilies.map((arg) => ({ names: ["socket"], action: allow, args: [arg] }) as const),
  ];
  if (capabilities.includes("CAP_SYS_ADMIN")) return rules;
  rules.push({ names: ["clone"], action: allow, args: [plainClone] });
  // Its flags lie in memory, where no filter can look; C libraries fall back to clone when the kernel seems not to know it.
  rules.push({ names: ["clone3"], action: refuse, errnoRet: enosys });
  return rules;
}

function customFilter(json: string, capabilities: readonly string[], architecture: string): Seccomp {
  return seccompProfile(json, { capabilities, architecture });
}
