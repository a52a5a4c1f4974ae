// What an answer looks like in the API version that the client asked for. The engine answers with every field there
// ever was; the tables below say, for each answer, what a range of versions leaves out or has differently.
// Source: the "Engine API version history" of Docker's documentation.
import type { ContainerInspect, ContainerSummary, EventMessage } from "../spec/docker.ts";
import type { ImageInspect, ImageSummary } from "../spec/docker-images.ts";
import type { ContainerStats } from "../spec/docker-stats.ts";
import type { NetworkInspect } from "../spec/docker-resources.ts";
import type { InfoAnswer } from "../spec/docker-system.ts";
import { zeroTime } from "../spec/docker.ts";
import type { ApiVersion } from "./version.ts";

type Rule = {
  /** First version that the rule is for; from the oldest on if absent. */
  readonly from?: ApiVersion;
  /** First version that it is not for any more. */
  readonly before?: ApiVersion;
  /** Fields to leave out, `A.B` inside an object. */
  readonly omit?: readonly string[];
  /** The same, but only where the field is empty. */
  readonly omitEmpty?: readonly string[];
};
type Change<T> = Rule & {
  /** Fields to add or replace. */
  readonly add?: (answer: T) => Readonly<Record<string, unknown>>;
};
export type ByVersion<T> = readonly Change<T>[];

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  value === false ||
  value === 0 ||
  (typeof value === "object" && Object.keys(value).length === 0);

/** The answer for `version`; the object given is left as it is, and given back where nothing differs. */
export function forVersion<T extends object>(answer: T, table: ByVersion<T>, version: ApiVersion): object {
  let shown: Record<string, unknown> | undefined;
  for (const { from = 0, before = Infinity, omit = [], omitEmpty = [], add } of table) {
    if (version < from || version >= before) continue;
    shown ??= { ...answer } as Record<string, unknown>;
    if (add) Object.assign(shown, add(answer));
    for (const path of omit) leaveOut(shown, path.split("."), () => true);
    for (const path of omitEmpty) leaveOut(shown, path.split("."), isEmpty);
  }
  return shown ?? answer;
}

/** Copies what it changes on the way down: the engine's own objects are frozen and shared. */
function leaveOut(
  target: Record<string, unknown>,
  [name = "", ...rest]: readonly string[],
  when: (value: unknown) => boolean,
): void {
  const value = target[name];
  if (rest.length === 0) {
    if (when(value)) delete target[name];
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const copy = { ...value };
  target[name] = copy;
  leaveOut(copy, rest, when);
}

const legacyAddresses = [
  "Bridge",
  "EndpointID",
  "Gateway",
  "GlobalIPv6Address",
  "GlobalIPv6PrefixLen",
  "HairpinMode",
  "IPAddress",
  "IPPrefixLen",
  "IPv6Gateway",
  "LinkLocalIPv6Address",
  "LinkLocalIPv6PrefixLen",
  "MacAddress",
  "SecondaryIPAddresses",
  "SecondaryIPv6Addresses",
].map((name) => `NetworkSettings.${name}`);

/** Of Windows; Docker's answers have them on all systems. */
const foreignResources = { CpuCount: 0, CpuPercent: 0, IOMaximumIOps: 0, IOMaximumBandwidth: 0 };
const kernelMemory = { KernelMemory: 0, KernelMemoryTCP: 0 };

export const containerInspectByVersion: ByVersion<ContainerInspect> = [
  { add: ({ HostConfig }) => ({ HostConfig: { ...HostConfig, ...foreignResources } }) },
  {
    before: 42,
    add: ({ HostConfig }) => ({ HostConfig: { ...HostConfig, ...foreignResources, ...kernelMemory } }),
  },
  { from: 52, omit: legacyAddresses, omitEmpty: ["Config.OnBuild"] },
  { before: 45, add: withShortIdAliases },
];

export const containerSummaryByVersion: ByVersion<ContainerSummary> = [
  { before: 52, omit: ["Health"] },
  { before: 46, omit: ["HostConfig.Annotations"] },
];

export const containerStatsByVersion: ByVersion<ContainerStats> = [
  { before: 52, omit: ["os_type"] },
  { before: 27, omit: ["cpu_stats.online_cpus", "precpu_stats.online_cpus"] },
];

export const imageSummaryByVersion: ByVersion<ImageSummary> = [
  { before: 51, add: () => ({ Containers: -1 }) },
  { before: 44, add: ({ Size }) => ({ VirtualSize: Size }) },
  { before: 43, add: withNoneNames },
];

/** An image of `GET /system/df`, which counts its containers in all versions. */
export const diskImageByVersion: ByVersion<ImageSummary> = [
  { before: 44, add: ({ Size }) => ({ VirtualSize: Size }) },
];

const imageConfigOnlyOfContainers = {
  AttachStderr: false,
  AttachStdin: false,
  AttachStdout: false,
  Domainname: "",
  Hostname: "",
  Image: "",
  OpenStdin: false,
  StdinOnce: false,
  Tty: false,
};
const imageConfigUnset = {
  Cmd: null,
  Entrypoint: null,
  Env: null,
  Labels: null,
  OnBuild: null,
  User: "",
  Volumes: null,
  WorkingDir: "",
};

/** Of the container that an image was built in; images that were pulled have none, and clients look into it all the same. */
const noContainerConfig = { ...imageConfigOnlyOfContainers, ...imageConfigUnset };

export const imageInspectByVersion: ByVersion<ImageInspect> = [
  { from: 52, omitEmpty: ["Parent", "Comment", "DockerVersion", "Author"] },
  { before: 52, add: ({ Config }) => ({ Config: { ...imageConfigUnset, ...Config } }) },
  {
    before: 50,
    add: ({ Config }) => ({ Config: { ...imageConfigOnlyOfContainers, ...imageConfigUnset, ...Config } }),
  },
  { before: 45, add: () => ({ Container: "", ContainerConfig: noContainerConfig }) },
  { before: 44, add: ({ Size, Created }) => ({ VirtualSize: Size, Created: Created || zeroTime }) },
];

export const eventByVersion: ByVersion<EventMessage> = [{ before: 52, add: withLegacyEventFields }];

export const infoByVersion: ByVersion<InfoAnswer> = [
  { before: 53, omit: ["NRI"] },
  {
    before: 50,
    omit: ["DiscoveredDevices"],
    add: () => ({ BridgeNfIptables: false, BridgeNfIp6tables: false }),
  },
  { before: 49, omit: ["FirewallBackend"], add: withExpectedCommits },
  {
    before: 47,
    add: ({ RegistryConfig }) => ({
      RegistryConfig: {
        ...RegistryConfig,
        AllowNondistributableArtifactsCIDRs: null,
        AllowNondistributableArtifactsHostnames: null,
      },
    }),
  },
  { before: 46, omit: ["Containerd"] },
  { before: 39, add: withUnknown },
  { before: 25, add: withPlainSecurityOptions },
  {
    before: 44,
    add: ({ Runtimes }) => ({
      Runtimes: Object.fromEntries(Object.entries(Runtimes).map(([name, { path }]) => [name, { path }])),
    }),
  },
];

/** A network asked for alone; IPAM's use of addresses came with 1.52. */
export const networkInspectByVersion: ByVersion<NetworkInspect> = [
  { before: 52, omit: ["Status"] },
  { before: 48, omit: ["EnableIPv4"] },
];

/** Rows told of the containers on them until 1.28. */
export const networkSummaryByVersion: ByVersion<NetworkInspect> = [
  { omit: ["Status"] },
  { before: 48, omit: ["EnableIPv4"] },
  { from: 28, add: () => ({ Containers: {} }) },
];

/** Events of kinds that a version does not know yet. */
export function hidesEvent({ Type, Action }: EventMessage, version: ApiVersion): boolean {
  return version < 46 && Type === "image" && Action === "create";
}

/** Before 1.22 an event was these three fields; clients went on reading them until they left in 1.52. */
function withLegacyEventFields({ Type, Action, Actor }: EventMessage): Record<string, unknown> {
  if (Type !== "container" && Type !== "image") return {};
  const from = Type === "container" ? { from: Actor.Attributes["image"] ?? "" } : {};
  return { status: Action, id: Actor.ID, ...from };
}

/** Up to 1.44 a container's short id and host name were among its aliases on networks of users. */
function withShortIdAliases({ Id, Config, NetworkSettings }: ContainerInspect): Record<string, unknown> {
  const builtIn = new Set(["default", "bridge", "host", "none"]);
  const networks = Object.entries(NetworkSettings.Networks).map(([name, endpoint]) => {
    if (builtIn.has(name)) return [name, endpoint];
    const aliases = new Set([...(endpoint.Aliases ?? []), Id.slice(0, 12), Config.Hostname]);
    return [name, { ...endpoint, Aliases: [...aliases] }];
  });
  return { NetworkSettings: { ...NetworkSettings, Networks: Object.fromEntries(networks) as object } };
}

/** What the daemon could not find out was a word before 1.39. */
function withUnknown({ KernelVersion, OperatingSystem }: InfoAnswer): Record<string, unknown> {
  const unknown = "<unknown>";
  return { KernelVersion: KernelVersion || unknown, OperatingSystem: OperatingSystem || unknown };
}

/** Before 1.25 security options were bare names, and there was an execution driver. */
function withPlainSecurityOptions({ SecurityOptions }: InfoAnswer): Record<string, unknown> {
  const names = SecurityOptions.map((option) => option.replace(/^name=/, "").replace(/,.*$/, ""));
  return { ExecutionDriver: "<not supported>", SecurityOptions: names };
}

function withNoneNames({ RepoTags, RepoDigests }: ImageSummary): Record<string, unknown> {
  if (RepoTags.length > 0 || RepoDigests.length > 0) return {};
  return { RepoTags: ["<none>:<none>"], RepoDigests: ["<none>@<none>"] };
}

function withExpectedCommits({
  ContainerdCommit,
  RuncCommit,
  InitCommit,
}: InfoAnswer): Record<string, unknown> {
  const expected = ({ ID }: { readonly ID: string }): object => ({ ID, Expected: ID });
  return {
    ContainerdCommit: expected(ContainerdCommit),
    RuncCommit: expected(RuncCommit),
    InitCommit: expected(InitCommit),
  };
}
