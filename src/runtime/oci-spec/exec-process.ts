// Another program inside a running container: what `crun exec --process` and `runc exec --process` read.
import type { ContainerConfig, ExecCreateBody, HostConfig } from "../../spec/docker.ts";
import type { Process } from "../../spec/oci-runtime.ts";
import { capabilitiesOf } from "./capabilities.ts";
import { environment } from "./environment.ts";
import { apparmorProfile, capabilitySets } from "./process.ts";
import { rlimits } from "./rlimits.ts";
import { securityOptions } from "./security-options.ts";
import type { SpecHost, SpecUser } from "./spec-input.ts";

export type ExecInput = {
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly body: ExecCreateBody;
  /** The user that the exec asks for, or the container's. */
  readonly user: SpecUser;
  readonly host: SpecHost;
};

/**
 * The container's environment, limits and capabilities, with what the exec asks for on top. `Privileged` gives all
 * capabilities, and nothing more: masked paths and device rules stay as they are (as in Docker).
 */
export function execProcess({ config, hostConfig, body, user, host }: ExecInput): Process {
  const terminal = body.Tty ?? false;
  const privileged = hostConfig.Privileged || (body.Privileged ?? false);
  const [rows, columns] = body.ConsoleSize ?? [0, 0];
  const { noNewPrivileges, appArmor } = securityOptions(hostConfig.SecurityOpt);
  const limits = rlimits(hostConfig.Ulimits, host);
  return {
    terminal,
    ...(terminal && rows > 0 ? { consoleSize: { height: rows, width: columns } } : {}),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: body.Cmd ?? [],
    env: environment({
      hostname: config.Hostname,
      terminal,
      entries: [...config.Env, ...(body.Env ?? [])],
      home: user.home,
    }),
    cwd: body.WorkingDir || config.WorkingDir || "/",
    capabilities: capabilitySets(
      capabilitiesOf({ ...hostConfig, Privileged: privileged }, host.capabilities),
    ),
    ...(limits.length === 0 ? {} : { rlimits: limits }),
    noNewPrivileges,
    ...apparmorProfile(appArmor, privileged, host),
  };
}
