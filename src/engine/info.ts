// `info` and `version`: what this daemon, its runtimes and its machine are.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, hostname, release, totalmem } from "node:os";
import { buildInfo } from "../base/build-info.ts";
import { countsAsRunning } from "../containers/view.ts";
import type { CgroupFacts } from "../runtime/cgroup.ts";
import type { InfoAnswer, VersionAnswer } from "../spec/docker-system.ts";
import { storageDriverName } from "../storage/overlay.ts";
import type { Engine } from "./engine.ts";
import type { RegistrySettings } from "./registries.ts";

const architectures: Readonly<Record<string, { readonly go: string; readonly machine: string }>> = {
  x64: { go: "amd64", machine: "x86_64" },
  arm64: { go: "arm64", machine: "aarch64" },
};
const architecture = (): { readonly go: string; readonly machine: string } =>
  architectures[process.arch] ?? { go: process.arch, machine: process.arch };

const notKnown = { ID: "N/A" };

export function systemInfo(engine: Engine): InfoAnswer {
  const { config, drivers, machine, containers, images, initPath } = engine;
  const states = containers.all().map(({ state }) => state);
  const paused = states.filter(({ status }) => status === "paused").length;
  const up = states.filter(countsAsRunning).length;
  const { limits, version } = machine.cgroup;
  const os = osRelease();
  return {
    ID: engineId(config.root),
    Containers: states.length,
    ContainersRunning: up - paused,
    ContainersPaused: paused,
    ContainersStopped: states.length - up,
    Images: images.count(),
    Driver: storageDriverName,
    DriverStatus: [
      ["Kernel file system", "overlay"],
      ["Supports d_type", "true"],
    ],
    Plugins: {
      Volume: ["local"],
      Network: ["bridge", "host", "ipvlan", "macvlan", "null"],
      Authorization: null,
      Log: ["json-file", "local", "none"],
    },
    MemoryLimit: limits.memory,
    SwapLimit: limits.swap,
    CpuCfsPeriod: limits.cpuQuota,
    CpuCfsQuota: limits.cpuQuota,
    CPUShares: limits.cpuShares,
    CPUSet: limits.cpuset,
    PidsLimit: limits.pids,
    IPv4Forwarding: readLine("/proc/sys/net/ipv4/ip_forward") === "1",
    Debug: config.debug,
    NFd: 0,
    OomKillDisable: limits.oomKillDisable,
    NGoroutines: 0,
    SystemTime: engine.host.clock.now().toISOString(),
    LoggingDriver: config.defaults.logDriver,
    CgroupDriver: "cgroupfs",
    CgroupVersion: version === 2 ? "2" : "1",
    NEventsListener: 0,
    KernelVersion: release(),
    OperatingSystem: os["PRETTY_NAME"] ?? "Linux",
    OSVersion: os["VERSION_ID"] ?? "",
    OSType: "linux",
    Architecture: architecture().machine,
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: registryInfo(config.registries),
    NCPU: availableParallelism(),
    MemTotal: totalmem(),
    GenericResources: null,
    DockerRootDir: config.root,
    HttpProxy: withoutPassword(config.registries.proxies.http),
    HttpsProxy: withoutPassword(config.registries.proxies.https),
    NoProxy: config.registries.proxies.no,
    Name: hostname(),
    Labels: config.labels,
    ExperimentalBuild: false,
    ServerVersion: buildInfo.version,
    Runtimes: Object.fromEntries(
      drivers.map(({ name, path, version: found }) => [name, { path, status: { version: found } }]),
    ),
    DefaultRuntime: drivers[0]?.name ?? "",
    Swarm: {
      NodeID: "",
      NodeAddr: "",
      LocalNodeState: "inactive",
      ControlAvailable: false,
      Error: "",
      RemoteManagers: null,
    },
    // Containers always outlive the daemon here: it is not an option.
    LiveRestoreEnabled: true,
    Isolation: "",
    InitBinary: initPath ?? "",
    ContainerdCommit: notKnown,
    RuncCommit: { ID: drivers.find(({ kind }) => kind === "runc")?.version ?? notKnown.ID },
    InitCommit: notKnown,
    SecurityOptions: securityOptions(engine),
    FirewallBackend: { Driver: engine.networks.firewall.backendName },
    CDISpecDirs: [],
    Warnings: warnings(machine.cgroup),
  };
}

/** `versions` are the API's newest and oldest, which only the API knows. */
export function versionInfo(
  engine: Engine,
  versions: { readonly newest: string; readonly oldest: string },
): VersionAnswer {
  const { version, commit, builtAt } = buildInfo;
  const arch = architecture().go;
  const details = {
    ApiVersion: versions.newest,
    Arch: arch,
    BuildTime: builtAt,
    BunVersion: Bun.version,
    Experimental: "false",
    GitCommit: commit,
    GoVersion: "none",
    KernelVersion: release(),
    MinAPIVersion: versions.oldest,
    Os: "linux",
  };
  return {
    Platform: { Name: "Sampan" },
    Components: [
      { Name: "Engine", Version: version, Details: details },
      ...engine.drivers.map((driver) => ({
        Name: driver.name,
        Version: driver.version,
        Details: { Path: driver.path },
      })),
    ],
    Version: version,
    ApiVersion: versions.newest,
    MinAPIVersion: versions.oldest,
    GitCommit: commit,
    GoVersion: "none",
    Os: "linux",
    Arch: arch,
    KernelVersion: release(),
    BuildTime: builtAt,
  };
}

/** The same as long as machine and root are the same. */
function engineId(root: string): string {
  const hash = createHash("sha256")
    .update(`${readLine("/etc/machine-id")}\n${root}`)
    .digest("hex");
  return hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}

function securityOptions({ machine }: Engine): string[] {
  return [
    ...(machine.appArmor ? ["name=apparmor"] : []),
    ...(machine.seccomp ? ["name=seccomp,profile=builtin"] : []),
    ...(existsSync("/proc/self/ns/cgroup") ? ["name=cgroupns"] : []),
  ];
}

/** What a user may miss, in Docker's words. */
function warnings({ limits, version }: CgroupFacts): string[] {
  const missing: readonly (readonly [boolean, string])[] = [
    [limits.memory, "No memory limit support"],
    [limits.swap, "No swap limit support"],
    [limits.oomKillDisable || version === 2, "No oom kill disable support"],
    [limits.cpuQuota, "No cpu cfs quota support"],
    [limits.cpuQuota, "No cpu cfs period support"],
    [limits.cpuShares, "No cpu shares support"],
    [limits.cpuset, "No cpuset support"],
    [limits.pids, "No pids limit support"],
    [limits.blkioThrottle, version === 2 ? "No io.max support" : "No blkio throttle support"],
  ];
  return missing.filter(([has]) => !has).map(([, text]) => `WARNING: ${text}`);
}

/** os-release(5): NAME=value lines, values in shell quotes. */
function osRelease(): Readonly<Record<string, string>> {
  const lines = readText("/etc/os-release").split("\n");
  const pairs = lines.flatMap((line) => {
    const [, name, value = ""] = /^([A-Z_]+)=(.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, value.replace(/^(["'])(.*)\1$/, "$2")]];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//xxxxx:xxxxx@");
}

function readLine(path: string): string {
  return readText(path).split("\n", 1)[0] ?? "";
}

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function registryInfo({
  mirrors,
  insecureRegistries,
  registries,
}: RegistrySettings): InfoAnswer["RegistryConfig"] {
  const ranges = insecureRegistries.filter((item) => item.includes("/"));
  const hosts = new Set([
    "docker.io",
    ...insecureRegistries.filter((item) => !item.includes("/")),
    ...Object.keys(registries),
  ]);
  const own = (name: string): readonly string[] => [
    ...(registries[name]?.mirrors ?? []),
    ...(name === "docker.io" ? mirrors.map((mirror) => `${mirror}/`) : []),
  ];
  const indexes = [...hosts].map((Name) => {
    const Secure = !(insecureRegistries.includes(Name) || registries[Name]?.insecure === true);
    return [Name, { Name, Mirrors: own(Name), Secure, Official: Name === "docker.io" }];
  });
  return {
    InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8", ...ranges],
    IndexConfigs: Object.fromEntries(indexes) as Record<string, unknown>,
    Mirrors: own("docker.io"),
  };
}
