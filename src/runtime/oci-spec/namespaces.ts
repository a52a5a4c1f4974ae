// Which namespaces are new, which are somebody else's, and which are the host's (those that are not listed).
import type { HostConfig } from "../../spec/docker.ts";
import type { Namespace } from "../../spec/oci-runtime.ts";
import type { SharedNamespaces } from "./spec-input.ts";

export function namespaces(hostConfig: HostConfig, shared: SharedNamespaces): readonly Namespace[] {
  const { PidMode, IpcMode, UTSMode, CgroupnsMode } = hostConfig;
  const { network, pid, ipc } = shared;
  const found: Namespace[] = [{ type: "mount" }];
  if (network.kind !== "host") found.push({ type: "network", path: network.path });
  if (PidMode !== "host") found.push(pid === undefined ? { type: "pid" } : { type: "pid", path: pid });
  if (IpcMode !== "host") found.push(ipc === undefined ? { type: "ipc" } : { type: "ipc", path: ipc });
  if (UTSMode !== "host") found.push({ type: "uts" });
  if (CgroupnsMode === "private") found.push({ type: "cgroup" });
  return found;
}
