// `HostConfig`: how the container sits on this machine, checked and with Docker's default in every field left out.
import { InvalidParameterError } from "../../base/errors.ts";
import { checkCapabilities, holds } from "../../runtime/oci-spec/capabilities.ts";
import { maskedPaths, readonlyPaths } from "../../runtime/oci-spec/default-paths.ts";
import { seccompProfile } from "../../runtime/oci-spec/seccomp-custom.ts";
import { securityOptions } from "../../runtime/oci-spec/security-options.ts";
import { tmpfsOptions } from "../../runtime/oci-spec/tmpfs-options.ts";
import { sysinitAnnotation } from "../../spec/annotations.ts";
import type { HostConfig } from "../../spec/docker.ts";
import { unconfigured } from "../defaults.ts";
import type { HostFacts } from "../settings.ts";
import { checkedLimits } from "./limits.ts";
import { isAddress } from "./endpoints.ts";
import { logConfig } from "./log-driver.ts";
import { checkModes } from "./modes.ts";
import { portBindings } from "./ports.ts";
import { restartPolicy } from "./restart.ts";
import { checkSysctls } from "./sysctls.ts";
import { checkUlimits } from "./ulimits.ts";

/** What Docker answers for a container that asked for nothing. */
const unasked: HostConfig = {
  Binds: null,
  ContainerIDFile: "",
  LogConfig: { Type: "json-file", Config: {} },
  NetworkMode: "bridge",
  PortBindings: {},
  RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: "host",
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: "private",
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: "",
  UsernsMode: "",
  ShmSize: unconfigured.shmSizeBytes,
  Runtime: "",
  Isolation: "",
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  Ulimits: [],
  MaskedPaths: maskedPaths,
  ReadonlyPaths: readonlyPaths,
};

/** Everything about the host that can be judged without the container's config. */
export function hostConfigOf(
  asked: Partial<HostConfig>,
  facts: HostFacts,
): { readonly hostConfig: HostConfig; readonly warnings: readonly string[] } {
  const given = withoutNulls(asked);
  const filled: HostConfig = { ...unasked, ...given, ...modeDefaults(given, facts) };
  const { limits, warnings } = checkedLimits(filled, facts);
  const limited: HostConfig = { ...filled, ...limits };
  const hostConfig: HostConfig = {
    ...limited,
    MemorySwap: limited.Memory > 0 && limited.MemorySwap === 0 ? limited.Memory * 2 : limited.MemorySwap,
    OomKillDisable: limited.OomKillDisable ?? (facts.cgroup.limits.oomKillDisable ? false : null),
    PidsLimit: (limited.PidsLimit ?? 0) > 0 ? limited.PidsLimit : null,
    LogConfig: logConfig(asked.LogConfig, facts.defaults),
    RestartPolicy: restartPolicy(asked.RestartPolicy),
    PortBindings: portBindings(filled.PortBindings),
    Runtime: filled.Runtime || facts.defaultRuntime,
    ...pathsOf(filled),
  };
  checkModes(hostConfig);
  checkSecurity(hostConfig, facts);
  checkHostConfig(hostConfig, facts);
  checkSysctls(hostConfig);
  return {
    hostConfig,
    warnings: [
      ...warnings,
      ...checkUlimits(hostConfig, facts),
      ...oomScoreWarnings(hostConfig, facts),
      ...portWarnings(hostConfig),
    ],
  };
}

/** Only what was given: a null of JSON is the same as nothing. */
function withoutNulls(asked: Partial<HostConfig>): Partial<HostConfig> {
  return Object.fromEntries(
    Object.entries(asked).filter(([, value]) => value !== null && value !== undefined),
  );
}

/** Modes may be given as ""; a privileged container stays in the host's cgroup namespace on v1 only. */
function modeDefaults(given: Partial<HostConfig>, { cgroup, defaults }: HostFacts) {
  const { NetworkMode = "", IpcMode = "", CgroupnsMode = "", ShmSize = 0 } = given;
  return {
    NetworkMode: NetworkMode === "" || NetworkMode === "default" ? "bridge" : NetworkMode,
    IpcMode: IpcMode || "private",
    CgroupnsMode: CgroupnsMode || (cgroup.version === 2 ? ("private" as const) : ("host" as const)),
    ShmSize: ShmSize === 0 ? defaults.shmSizeBytes : ShmSize,
  };
}

/** Nothing is hidden from a privileged container, nor from one that asked for `systempaths=unconfined`. */
function pathsOf(filled: HostConfig): Pick<HostConfig, "MaskedPaths" | "ReadonlyPaths"> {
  if (filled.Privileged || securityOptions(filled.SecurityOpt).unmaskedPaths)
    return { MaskedPaths: null, ReadonlyPaths: null };
  const { MaskedPaths, ReadonlyPaths } = filled;
  return { MaskedPaths, ReadonlyPaths };
}

function checkSecurity(hostConfig: HostConfig, { seccomp }: HostFacts): void {
  checkCapabilities(hostConfig);
  const asked = securityOptions(hostConfig.SecurityOpt);
  if (!["", "builtin", "unconfined"].includes(asked.seccomp)) {
    if (!seccomp)
      throw new InvalidParameterError(
        "seccomp is not enabled in your kernel, cannot run a custom seccomp profile",
      );
    seccompProfile(asked.seccomp);
  }
}

function checkHostConfig(hostConfig: HostConfig, facts: HostFacts): void {
  const { ShmSize, OomScoreAdj, Isolation, Annotations = {}, Tmpfs = {}, Runtime } = hostConfig;
  const { ExtraHosts, StorageOpt = {}, DeviceRequests, DeviceCgroupRules, Devices } = hostConfig;
  if (ShmSize < 0) throw new InvalidParameterError("SHM size can not be less than 0");
  if (OomScoreAdj < -1000 || OomScoreAdj > 1000)
    throw new InvalidParameterError(`Invalid value ${OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  if (!["", "default"].includes(Isolation.toLowerCase()))
    throw new InvalidParameterError(`invalid isolation '${Isolation}' on linux`);
  if (Object.hasOwn(Annotations, ""))
    throw new InvalidParameterError(
      "invalid Annotations: the empty string is not permitted as an annotation key",
    );
  if (!["true", "false", "1", "0", undefined].includes(Annotations[sysinitAnnotation]))
    throw new InvalidParameterError(`invalid annotation ${sysinitAnnotation}: it must be true or false`);
  if (!facts.runtimes.includes(Runtime))
    throw new InvalidParameterError(`unknown or invalid runtime name: ${Runtime}`);
  for (const [path, options] of Object.entries(Tmpfs)) checkTmpfs(path, options);
  for (const entry of ExtraHosts ?? []) checkExtraHost(entry);
  for (const { CgroupPermissions, PathOnHost } of Devices)
    if (!/^[rwm]*$/.test(CgroupPermissions))
      throw new InvalidParameterError(`invalid device mode: ${CgroupPermissions} for ${PathOnHost}`);
  for (const rule of DeviceCgroupRules ?? [])
    if (!/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(rule))
      throw new InvalidParameterError(`invalid device cgroup rule format: '${rule}'`);
  const [request] = DeviceRequests ?? [];
  if (request)
    throw new InvalidParameterError(
      `could not select device driver "${request.Driver}" with capabilities: ${goLists(request.Capabilities ?? [])}`,
    );
  if (Object.keys(StorageOpt).length > 0)
    throw new InvalidParameterError(
      "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
    );
}

function checkTmpfs(path: string, options: string): void {
  if (!path.startsWith("/"))
    throw new InvalidParameterError(`invalid mount path: '${path}' mount path must be absolute`);
  if (/^\/+$/.test(path)) throw new InvalidParameterError("invalid specification: destination can't be '/'");
  tmpfsOptions(options);
}

/** `name:address` (or `name=address`), the address being an IP or `host-gateway`. */
function checkExtraHost(entry: string): void {
  const at = entry.search(/[:=]/);
  if (at <= 0) throw new InvalidParameterError(`bad format for add-host: "${entry}"`);
  const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
  if (address !== "host-gateway" && !isAddress(address))
    throw new InvalidParameterError(`invalid IP address in add-host: "${address}"`);
}

/** A score below 0 needs CAP_SYS_RESOURCE (proc(5)). */
function oomScoreWarnings({ OomScoreAdj }: HostConfig, { capabilities }: HostFacts): readonly string[] {
  return OomScoreAdj < 0 && !holds(capabilities, "CAP_SYS_RESOURCE")
    ? [`This daemon may not protect processes from the OOM killer: the score ${OomScoreAdj} is not set.`]
    : [];
}

function portWarnings({ NetworkMode, PortBindings }: HostConfig): readonly string[] {
  return NetworkMode === "host" && Object.keys(PortBindings ?? {}).length > 0
    ? ["Published ports are discarded when using host network mode"]
    : [];
}

/** As Go prints a list of lists: `[[gpu] [a b]]`. */
function goLists(lists: readonly (readonly string[])[]): string {
  return `[${lists.map((list) => `[${list.join(" ")}]`).join(" ")}]`;
}
