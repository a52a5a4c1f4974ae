// The configuration of an LXC container (lxc.container.conf(5), LXC 5), from the same specification that OCI runtimes read.
// Pure: what has to be looked up on the machine comes as `Surroundings`.
import { posix } from "node:path";
import { InvalidParameterError } from "../base/errors.ts";
import type { CgroupFacts } from "../runtime/cgroup.ts";
import type { DeviceRule, Namespace, NamespaceType, Process, RuntimeSpec } from "../spec/oci-runtime.ts";
import { cgroupLimits } from "./cgroup-limits.ts";
import { mountLines, type PlacedMount, type PlacedPath } from "./mount-lines.ts";

export type Surroundings = {
  readonly cgroup: CgroupFacts;
  /** The container's mounts, in their order. */
  readonly mounts: readonly PlacedMount[];
  readonly masked: readonly PlacedPath[];
  /** Path of the namespace that is the host's network for the daemon: LXC itself runs in another (see run.ts). */
  readonly hostNetwork: string;
  /** Where the policy of system calls and the hooks' scripts lie (run.ts). */
  readonly files: {
    readonly seccomp: string;
    readonly devices: string;
    readonly sysctls: string;
    readonly stop: string;
  };
};

type Line = readonly [key: string, value: string | number];

/** The text of the file; each line is one decision. */
export function containerConfig(spec: RuntimeSpec, around: Surroundings): string {
  const { linux, process } = spec;
  const lines: readonly Line[] = [
    ...(spec.hostname === undefined ? [] : [["lxc.uts.name", spec.hostname] as const]),
    ["lxc.rootfs.path", `dir:${spec.root.path}`],
    ...rootfsOptions(spec),
    ...confinement(process),
    ...terminals(around.mounts),
    ...namespaceLines(spec, around.hostNetwork),
    ...cgroupLines(spec, around),
    ...mountLines(around.mounts, around.masked, linux.readonlyPaths ?? []),
    ...(linux.sysctl ? [["lxc.hook.pre-mount", `/bin/sh ${around.files.sysctls}`] as const] : []),
    ...(linux.seccomp ? [["lxc.seccomp.profile", around.files.seccomp] as const] : []),
    ...(linux.devices?.length ? [["lxc.hook.autodev", `/bin/sh ${around.files.devices}`] as const] : []),
  ];
  const broken = lines.find(([, value]) => /[\r\n\0]/.test(String(value)));
  if (broken) throw new InvalidParameterError(`a line break in ${broken[0]} is not possible with LXC`);
  return lines.map(([key, value]) => `${key} = ${value}\n`).join("");
}

/** Of the monitor process and of its last moments: beside the container's own, and found by its name. */
export function monitorGroups(cgroupsPath: string): readonly [monitor: string, pivot: string] {
  return [`${cgroupsPath}.lxc`, `${cgroupsPath}.lxc-end`];
}

function rootfsOptions({ root, linux }: RuntimeSpec): readonly Line[] {
  const { rootfsPropagation } = linux;
  const options = [...(root.readonly ? ["ro"] : []), ...(rootfsPropagation ? [rootfsPropagation] : [])];
  return options.length === 0 ? [] : [["lxc.rootfs.options", options.join(",")]];
}

function confinement(process: Process): readonly Line[] {
  const kept = process.capabilities.bounding.map((name) => name.replace(/^CAP_/, "").toLowerCase());
  return [
    ["lxc.cap.keep", kept.length === 0 ? "none" : kept.join(" ")],
    ["lxc.no_new_privs", process.noNewPrivileges ? 1 : 0],
    ["lxc.apparmor.profile", process.apparmorProfile ?? "unconfined"],
    ...process.env.map((variable) => ["lxc.environment", variable] as const),
    ...(process.rlimits ?? []).map(({ type, soft, hard }) => {
      const [softText, hardText] = [soft, hard].map(limitText);
      return [
        `lxc.prlimit.${type.replace(/^RLIMIT_/, "").toLowerCase()}`,
        `${softText}:${hardText}`,
      ] as const;
    }),
    ...(process.oomScoreAdj === undefined ? [] : [["lxc.proc.oom_score_adj", process.oomScoreAdj] as const]),
  ];
}

const noLimit = "18446744073709551615";

function limitText(limit: number | { readonly rawJSON: string }): string {
  const text = typeof limit === "number" ? String(limit) : limit.rawJSON;
  return text === noLimit ? "unlimited" : text;
}

/** stdio is the program's own, not a console of LXC's. A /dev of the user's is left as it is. */
function terminals(mounts: readonly PlacedMount[]): readonly Line[] {
  const dev = mounts.find(({ destination, type }) => destination === "/dev" && type === "tmpfs");
  const size = dev?.options?.find((option) => option.startsWith("size="))?.slice("size=".length);
  return [
    ["lxc.console.path", "none"],
    ["lxc.tty.max", 0],
    ["lxc.pty.max", 1024],
    ["lxc.autodev", dev === undefined ? 0 : 1],
    ...(size === undefined ? [] : [["lxc.autodev.tmpfs.size", bytesOf(size)] as const]),
  ];
}

function bytesOf(size: string): number {
  const [, digits = "0", unit = ""] = /^(\d+)([km]?)$/.exec(size) ?? [];
  return Number(digits) * (unit === "k" ? 1024 : unit === "m" ? 1024 ** 2 : 1);
}

const lxcNames: Readonly<Record<NamespaceType, string>> = {
  pid: "pid",
  network: "net",
  mount: "mnt",
  ipc: "ipc",
  uts: "uts",
  cgroup: "cgroup",
};

/**
 * New ones by name (LXC's own default, or all but those kept, would include a user and a time namespace), joined ones by
 * path, and what the specification does not list is the caller's, but for the network: LXC itself is not in that one.
 */
function namespaceLines({ linux }: RuntimeSpec, hostNetwork: string): readonly Line[] {
  const made = linux.namespaces.filter(({ path }) => path === undefined);
  const joined = linux.namespaces.filter(({ path }) => path !== undefined);
  const isListed = linux.namespaces.some(({ type }) => type === "network");
  const host: readonly Namespace[] = isListed ? [] : [{ type: "network", path: hostNetwork }];
  return [
    ["lxc.namespace.clone", made.map(({ type }) => lxcNames[type]).join(" ")],
    ...[...joined, ...host].map(
      ({ type, path = "" }) => [`lxc.namespace.share.${lxcNames[type]}`, path] as const,
    ),
  ];
}

function cgroupLines({ linux }: RuntimeSpec, { cgroup, files }: Surroundings): readonly Line[] {
  const [monitor, pivot] = monitorGroups(linux.cgroupsPath);
  const relative = (path: string) => posix.relative("/", path);
  const prefix = cgroup.version === 1 ? "lxc.cgroup" : "lxc.cgroup2";
  return [
    ["lxc.cgroup.dir.container", relative(linux.cgroupsPath)],
    ["lxc.cgroup.dir.monitor", relative(monitor)],
    ["lxc.cgroup.dir.monitor.pivot", relative(pivot)],
    ...deviceRules(linux.resources.devices ?? []).map(({ allow, rule }) => {
      return [`${prefix}.devices.${allow ? "allow" : "deny"}`, rule] as const;
    }),
    ...cgroupLimits(linux.resources, cgroup).map(({ file, value }) => [`${prefix}.${file}`, value] as const),
    ["lxc.hook.stop", `/bin/sh ${files.stop}`],
  ];
}

/** What OCI runtimes let through in every container (config-linux.md, "Default Devices"), and mknod of everything. */
const always = [
  "c *:* m",
  "b *:* m",
  "c 1:3 rwm",
  "c 1:5 rwm",
  "c 1:7 rwm",
  "c 1:8 rwm",
  "c 1:9 rwm",
  "c 5:0 rwm",
  "c 5:1 rwm",
  "c 5:2 rwm",
  "c 136:* rwm",
];

function deviceRules(
  rules: readonly DeviceRule[],
): readonly { readonly allow: boolean; readonly rule: string }[] {
  const own = rules.map(({ allow, type = "a", major = "*", minor = "*", access = "rwm" }) => ({
    allow,
    rule: type === "a" ? "a" : `${type} ${major}:${minor} ${access}`,
  }));
  return [...own, ...always.map((rule) => ({ allow: true, rule }))];
}
