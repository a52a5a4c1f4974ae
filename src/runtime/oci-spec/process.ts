// The first program of a container.
import type { CapabilitySets, Process } from "../../spec/oci-runtime.ts";
import { capabilitiesOf, holds } from "./capabilities.ts";
import { environment } from "./environment.ts";
import { rlimits } from "./rlimits.ts";
import { securityOptions } from "./security-options.ts";
import type { SpecHost, SpecInput } from "./spec-input.ts";

/** Where the host's init is seen by a container that asked for one. */
export const initDestination = "/sbin/docker-init";

export function containerProcess(input: SpecInput): Process {
  const { config, hostConfig, user, host } = input;
  const [rows, columns] = hostConfig.ConsoleSize;
  const { noNewPrivileges, appArmor } = securityOptions(hostConfig.SecurityOpt);
  const program = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  const limits = rlimits(hostConfig.Ulimits, host);
  return {
    terminal: config.Tty,
    ...(config.Tty && rows > 0 ? { consoleSize: { height: rows, width: columns } } : {}),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: hasInit(input) ? [initDestination, "--", ...program] : program,
    env: environment({
      hostname: input.hostname ?? config.Hostname,
      terminal: config.Tty,
      entries: config.Env,
      home: user.home,
    }),
    cwd: config.WorkingDir || "/",
    capabilities: capabilitySets(capabilitiesOf(hostConfig, host.capabilities)),
    ...(limits.length === 0 ? {} : { rlimits: limits }),
    noNewPrivileges,
    ...apparmorProfile(appArmor, hostConfig.Privileged, host),
    ...oomScoreAdj(hostConfig.OomScoreAdj, host),
  };
}

/** An init makes sense as process 1 only: not in the host's or another container's pid namespace. */
export function hasInit({ hostConfig, initPath }: SpecInput): boolean {
  return (hostConfig.Init ?? false) && initPath !== undefined && hostConfig.PidMode === "";
}

/** No inheritable and no ambient ones: a program that is not root gains nothing by executing another (as Docker since 20.10.14). */
export function capabilitySets(names: readonly string[]): CapabilitySets {
  return { bounding: names, effective: names, permitted: names };
}

/** Only what was asked for: there is no default profile of ours. Without AppArmor in the kernel the option means nothing. */
export function apparmorProfile(
  asked: string,
  privileged: boolean,
  { appArmor }: SpecHost,
): Pick<Process, "apparmorProfile"> {
  if (!appArmor) return {};
  if (asked !== "") return { apparmorProfile: asked };
  return privileged ? { apparmorProfile: "unconfined" } : {};
}

/** A score below 0 needs CAP_SYS_RESOURCE (proc(5)); without it the nearest possible. */
function oomScoreAdj(asked: number, { capabilities }: SpecHost): Pick<Process, "oomScoreAdj"> {
  if (asked === 0) return {};
  const isPossible = asked > 0 || holds(capabilities, "CAP_SYS_RESOURCE");
  return isPossible ? { oomScoreAdj: asked } : {};
}
