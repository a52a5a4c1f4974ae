// Whose namespaces a container lives in: `--network`, `--ipc`, `--pid`, `--uts`, `--cgroupns`, `--userns`.
import { InvalidParameterError } from "../../base/errors.ts";
import type { HostConfig } from "../../spec/docker.ts";
import type { OtherContainer } from "../settings.ts";

type Modes = Pick<
  HostConfig,
  "NetworkMode" | "IpcMode" | "PidMode" | "UTSMode" | "CgroupnsMode" | "UsernsMode"
>;

/** Refuses modes that do not exist. Any other network mode is a network's name. */
export function checkModes(modes: Modes): void {
  const { IpcMode, PidMode, UTSMode, CgroupnsMode, UsernsMode, NetworkMode } = modes;
  if (!["private", "shareable", "host", "none"].includes(IpcMode) && !isContainer(IpcMode))
    throw new InvalidParameterError(`invalid IPC mode: ${IpcMode}`);
  if (!["", "host"].includes(PidMode) && !isContainer(PidMode))
    throw new InvalidParameterError(`invalid PID mode: ${PidMode}`);
  if (!["", "host"].includes(UTSMode)) throw new InvalidParameterError(`invalid UTS mode: ${UTSMode}`);
  if (!["private", "host"].includes(CgroupnsMode))
    throw new InvalidParameterError(`invalid cgroup namespace mode: ${CgroupnsMode}`);
  if (!["", "host"].includes(UsernsMode))
    throw new InvalidParameterError(`invalid user namespace mode: ${UsernsMode}`);
  if (NetworkMode === "container" || NetworkMode === "container:")
    throw new InvalidParameterError("invalid network mode: invalid container format container:<name|id>");
}

/** The name or id in `container:<ref>`, or undefined for another mode. */
export function containerIn(mode: string): string | undefined {
  return mode.startsWith("container:") ? mode.slice("container:".length) : undefined;
}

/** `container:<name>` as `container:<id>`, so that a renamed container stays joined. InvalidParameterError for an unknown one. */
export function sharedNamespacesById(
  hostConfig: HostConfig,
  findContainer: (ref: string) => OtherContainer | undefined,
): HostConfig {
  const byId = (mode: string): string => {
    const ref = containerIn(mode);
    if (ref === undefined) return mode;
    const other = findContainer(ref);
    if (!other) throw new InvalidParameterError(`No such container: ${ref}`);
    return `container:${other.id}`;
  };
  const { NetworkMode, IpcMode, PidMode } = hostConfig;
  return { ...hostConfig, NetworkMode: byId(NetworkMode), IpcMode: byId(IpcMode), PidMode: byId(PidMode) };
}

function isContainer(mode: string): boolean {
  return (containerIn(mode) ?? "") !== "";
}
