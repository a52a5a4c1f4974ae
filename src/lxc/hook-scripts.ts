// Shell scripts that LXC runs at its hooks, for what its configuration cannot say.
import { join } from "node:path";
import { InvalidParameterError } from "../base/errors.ts";
import { controllerFolder, type CgroupFacts } from "../runtime/cgroup.ts";
import type { Device, RuntimeSpec } from "../spec/oci-runtime.ts";
import type { StateFiles } from "./container-state.ts";

/**
 * LXC takes the group away as soon as its container has ended: the kernel's count of kills is kept before. The exit code
 * comes last: whoever finds it finds the rest.
 */
export function stopScript(
  { linux }: RuntimeSpec,
  files: StateFiles,
  cgroup: CgroupFacts,
  fifo: string,
): string {
  const folder = controllerFolder(cgroup, "memory", linux.cgroupsPath);
  const source = join(folder ?? "", cgroup.version === 1 ? "memory.oom_control" : "memory.events");
  const temp = `${files.exitMessages}.tmp`;
  return [
    ...(folder === undefined ? [] : [`cp ${quoted(source)} ${quoted(files.oomKills)}`]),
    `dd if=${quoted(fifo)} of=${quoted(temp)} bs=65536 count=1 iflag=nonblock 2>/dev/null`,
    `mv ${quoted(temp)} ${quoted(files.exitMessages)}`,
    "",
  ].join("\n");
}

/** LXC runs it where the container's /dev is ready, before anything of the container's runs. */
export function deviceScript(devices: readonly Device[]): string {
  const lines = devices.map(({ path, type, major, minor, fileMode = 0o666, uid = 0, gid = 0 }) => {
    const node = `"$LXC_ROOTFS_MOUNT"${quoted(path)}`;
    const folder = `"$LXC_ROOTFS_MOUNT"${quoted(path.slice(0, path.lastIndexOf("/")))}`;
    return `mkdir -p ${folder} && rm -f ${node} && mknod -m ${(fileMode & 0o7777).toString(8)} ${node} ${type} ${major} ${minor} && chown ${uid}:${gid} ${node}`;
  });
  return ["set -e", ...lines, ""].join("\n");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Run in the container's namespaces, which decide whose parameters these are, while the host's /proc is still there: LXC
 * itself sets them when the container's /proc/sys is read-only.
 */
export function sysctlScript(parameters: Readonly<Record<string, string>>): string {
  const lines = Object.entries(parameters).map(([key, value]) => {
    if (key.includes("..")) throw new InvalidParameterError(`invalid sysctl ${key}`);
    return `printf %s ${quoted(value)} >${quoted(`/proc/sys/${key.replaceAll(".", "/")}`)}`;
  });
  return ["set -e", ...lines, ""].join("\n");
}
