// All mounts of a container, in the order in which they are made.
import { cleanPath } from "../../spec/container-path.ts";
import type { MountPoint, MountRequest } from "../../spec/docker.ts";
import type { Mount } from "../../spec/oci-runtime.ts";
import { hasInit, initDestination } from "./process.ts";
import { securityOptions } from "./security-options.ts";
import type { SpecInput } from "./spec-input.ts";
import { sysinitMounts } from "./sysinit.ts";
import { tmpfsOptions, tmpfsOptionsOf } from "./tmpfs-options.ts";

/** The kernel's file systems first, then the user's mounts, those nearer to the root before those below them. */
export function allMounts(input: SpecInput): readonly Mount[] {
  const own = [...usersMounts(input), ...boundFiles(input)];
  const isOverridden = ({ destination }: Mount): boolean =>
    own.some((mount) => mount.destination === destination) ||
    (destination.startsWith("/dev/") && own.some((mount) => mount.destination === "/dev"));
  const kernels = kernelMounts(input).filter((mount) => !isOverridden(mount));
  return [...kernels, ...own.sort((a, b) => depth(a) - depth(b))];
}

function depth({ destination }: Mount): number {
  return destination.split("/").filter(Boolean).length;
}

const safe = ["nosuid", "noexec", "nodev"];

function kernelMounts(input: SpecInput): readonly Mount[] {
  const { Privileged, ReadonlyRootfs, SecurityOpt } = input.hostConfig;
  const writableCgroups = Privileged || securityOptions(SecurityOpt).writableCgroups;
  return [
    { destination: "/proc", type: "proc", source: "proc", options: safe },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      // Group 5 is tty in every distribution that counts.
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    {
      destination: "/sys",
      type: "sysfs",
      source: "sysfs",
      options: Privileged && !ReadonlyRootfs ? safe : [...safe, "ro"],
    },
    {
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: writableCgroups ? safe : ["ro", ...safe],
    },
    // In the host's IPC namespace this shows the host's queues, whether or not the host has them mounted.
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: safe },
    ...sharedMemory(input),
  ];
}

function sharedMemory({ hostConfig, shmSource }: SpecInput): readonly Mount[] {
  const { IpcMode, ShmSize } = hostConfig;
  const destination = "/dev/shm";
  if (IpcMode === "none") return [];
  const source = IpcMode === "host" ? "/dev/shm" : shmSource;
  if (source !== undefined)
    return [{ destination, type: "bind", source, options: ["rbind", "rprivate", ...safe] }];
  return [{ destination, type: "tmpfs", source: "shm", options: [...safe, "mode=1777", `size=${ShmSize}`] }];
}

function usersMounts({ mounts, fileSources, hostConfig, host }: SpecInput): readonly Mount[] {
  const requests = new Map((hostConfig.Mounts ?? []).map((request) => [cleanPath(request.Target), request]));
  const tmpfs = Object.entries(hostConfig.Tmpfs ?? {}).map(([path, options]) => tmpfsMount(path, options));
  const points = mounts.map((mount) => {
    const request = requests.get(mount.Destination);
    return mount.Type === "tmpfs"
      ? tmpfsMount(mount.Destination, request ? tmpfsOptionsOf(request) : "")
      : bindMount(mount, request, host.recursiveReadOnly && !fileSources?.has(mount.Source));
  });
  return [...tmpfs, ...points];
}

function tmpfsMount(destination: string, options: string): Mount {
  return { destination, type: "tmpfs", source: "tmpfs", options: tmpfsOptions(options) };
}

/**
 * Read-only means: with all that is mounted below, unless the request says otherwise (as Docker since 25). Below a file
 * nothing can be mounted, and crun 1.8 opens what is to be read-only recursively as a folder.
 */
function bindMount(mount: MountPoint, request: MountRequest | undefined, recursiveReadOnly: boolean): Mount {
  const { NonRecursive = false, ReadOnlyNonRecursive = false } = request?.BindOptions ?? {};
  const readOnly = recursiveReadOnly && !ReadOnlyNonRecursive && !NonRecursive ? "rro" : "ro";
  return {
    destination: mount.Destination,
    type: "bind",
    source: mount.Source,
    options: [
      NonRecursive ? "bind" : "rbind",
      mount.Propagation || "rprivate",
      ...(mount.RW ? [] : [readOnly]),
    ],
  };
}

/** The engine's files in /etc give way to a mount of the user at the same place. */
function boundFiles(input: SpecInput): readonly Mount[] {
  const { files, initPath } = input;
  const taken = new Set(input.mounts.map(({ Destination }) => Destination));
  const bound = [
    ["/etc/resolv.conf", files.resolvConf],
    ["/etc/hostname", files.hostname],
    ["/etc/hosts", files.hosts],
  ] as const;
  return [
    ...bound.flatMap(([destination, source]) =>
      source === undefined || taken.has(destination)
        ? []
        : [{ destination, type: "bind", source, options: ["rbind", "rprivate"] }],
    ),
    ...(initPath !== undefined && hasInit(input)
      ? [
          {
            destination: initDestination,
            type: "bind",
            source: initPath,
            options: ["bind", "ro", "rprivate"],
          },
        ]
      : []),
    ...(input.sysinit ? sysinitMounts(input.sysinit) : []),
  ];
}

/** A shared or slave bind needs a root that passes mounts on; `undefined` leaves the runtime's default, a private one. */
export function rootfsPropagation(mounts: readonly MountPoint[]): string | undefined {
  const wanted = mounts.map(({ Propagation }) => Propagation);
  if (wanted.some((propagation) => propagation === "shared" || propagation === "rshared")) return "shared";
  if (wanted.some((propagation) => propagation === "slave" || propagation === "rslave")) return "rslave";
  return undefined;
}
