// Kernel parameters that a container may have of its own: those that live in one of its private namespaces.
import { InvalidParameterError } from "../../base/errors.ts";
import type { HostConfig } from "../../spec/docker.ts";
import { containerIn } from "./modes.ts";

const ipcNames = new Set(
  "msgmax msgmnb msgmni sem shmall shmmax shmmni shm_rmid_forced".split(" ").map((name) => `kernel.${name}`),
);

/** Refuses, in runc's words, what would change the host or another container. */
export function checkSysctls({ Sysctls = {}, NetworkMode, IpcMode, UTSMode }: HostConfig): void {
  const hasOwnIpc = IpcMode !== "host" && containerIn(IpcMode) === undefined;
  for (const name of Object.keys(Sysctls)) {
    const dotted = name.replaceAll("/", ".");
    if (ipcNames.has(dotted) || dotted.startsWith("fs.mqueue.")) {
      if (!hasOwnIpc)
        throw new InvalidParameterError(`sysctl "${name}" is not allowed in the hosts ipc namespace`);
    } else if (dotted.startsWith("net.")) {
      if (NetworkMode === "host" || containerIn(NetworkMode) !== undefined)
        throw new InvalidParameterError(`sysctl "${name}" not allowed in host network namespace`);
    } else if (dotted === "kernel.domainname") {
      if (UTSMode === "host")
        throw new InvalidParameterError(`sysctl "${name}" not allowed in host UTS namespace`);
    } else throw new InvalidParameterError(`sysctl "${name}" is not in a separate kernel namespace`);
  }
}
