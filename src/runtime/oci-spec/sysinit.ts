// A program under our own /sbin/init, as the first Docker started all of them: what the runtime would do to the program's
// process, init does inside the container.
import { sysinitAnnotation } from "../../spec/annotations.ts";
import type { HostConfig } from "../../spec/docker.ts";
import type { CapabilitySets, Mount, Process } from "../../spec/oci-runtime.ts";
import { toInitEnvironment } from "../../spec/init-environment.ts";
import { kitDestination } from "../sysinit-kit.ts";
import { capabilityMask } from "./capabilities.ts";
import { capabilitySets } from "./process.ts";

export const sysinitPath = "/sbin/init";

export type Sysinit = {
  /** See sysinit-kit.ts. */
  readonly kitFolder: string;
  /** Default routes that are left to init, at most one of a family. */
  readonly gateways: readonly string[];
  /** Init stays as process 1. */
  readonly supervise: boolean;
  /** As the container names it: looked up by init, in the container's own files. */
  readonly user: string;
  readonly groups: readonly string[];
};

/** What the container asks for; undefined: what is usual on this machine. */
export function sysinitAsked({ Annotations }: HostConfig): boolean | undefined {
  const value = Annotations?.[sysinitAnnotation];
  return value === undefined ? undefined : /^(1|true)$/i.test(value);
}

/** Needed for init's steps, and dropped before the program. */
const needed = ["CAP_CHOWN", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP"];

export function underSysinit(process: Process, sysinit: Sysinit): Process {
  return {
    ...process,
    user: { uid: 0, gid: 0, additionalGids: [] },
    env: [
      `LD_LIBRARY_PATH=${kitDestination}`,
      ...Object.entries(toInitEnvironment(process.env)).map(([name, value]) => `${name}=${value}`),
    ],
    args: initArguments(process, { ...sysinit, folder: process.cwd }),
    capabilities: withThoseNeeded(process.capabilities, sysinit),
  };
}

export type InitTask = Pick<Sysinit, "user" | "groups"> &
  Partial<Pick<Sysinit, "gateways" | "supervise">> & { readonly folder: string };

/** `/sbin/init`, what it is to do, and the program. Its variables go by `toInitEnvironment`. */
export function initArguments(
  { args, capabilities, rlimits = [] }: Process,
  { gateways = [], user, groups, folder, supervise = false }: InitTask,
): readonly string[] {
  const openFiles = rlimits.find(({ type }) => type === "RLIMIT_NOFILE")?.soft;
  return [
    sysinitPath,
    "-E",
    ...gateways.flatMap((gateway) => ["-g", gateway]),
    "-u",
    user || "0",
    ...groups.flatMap((group) => ["-a", group]),
    "-w",
    folder,
    "-c",
    capabilityMask(capabilities.bounding).toString(16),
    ...(typeof openFiles === "number" ? ["-n", String(openFiles)] : []),
    ...(supervise ? ["-s"] : []),
    "--",
    ...args,
  ];
}

function withThoseNeeded({ bounding }: CapabilitySets, { gateways }: Sysinit): CapabilitySets {
  const wanted = [...needed, ...(gateways.length > 0 ? ["CAP_NET_ADMIN"] : [])];
  return capabilitySets([...new Set([...bounding, ...wanted])]);
}

export function sysinitMounts({ kitFolder }: Sysinit): readonly Mount[] {
  const options = ["bind", "ro", "rprivate", "nosuid", "nodev"];
  return [
    { destination: kitDestination, type: "bind", source: kitFolder, options },
    { destination: sysinitPath, type: "bind", source: `${kitFolder}/init`, options },
  ];
}
