// A create body as its API version means it: what a version did not know is dropped or refused, what it meant by leaving
// something out is put in. After this the body means what the newest version would mean by it.
// Source: the "Engine API version history" of Docker's documentation, and what dockerd 29 answers.
import { InvalidParameterError } from "../base/errors.ts";
import type { CreateContainerBody, EndpointSettings, HostConfig, MountRequest } from "../spec/docker.ts";
import type { ApiVersion } from "./version.ts";

type Body = CreateContainerBody;
type Endpoints = Readonly<Record<string, Partial<EndpointSettings>>>;
type Rule = {
  /** First version that the rule is for. */
  readonly from?: ApiVersion;
  /** First version that it is not for any more. */
  readonly before?: ApiVersion;
  readonly apply: (body: Body, facts: CreateFacts) => Body;
};

export type CreateFacts = { readonly cgroupVersion: 1 | 2 };

const rules: readonly Rule[] = [
  { apply: refuseEmpty },
  { apply: withDefaultEndpointNamed },
  { from: 40, before: 41, apply: refuseCapabilities },
  { before: 40, apply: (body) => withHost(body, ({ IpcMode }) => ({ IpcMode: IpcMode || "shareable" })) },
  { before: 40, apply: (body) => withMounts(body, (mount) => withBind(mount, { NonRecursive: false })) },
  { before: 41, apply: withHostCgroupOnV1 },
  { before: 42, apply: (body) => withHost(body, () => ({ ConsoleSize: [0, 0] })) },
  { before: 42, apply: (body) => withMounts(body, withoutForeignOptions) },
  { before: 42, apply: (body) => withMounts(body, (mount) => withBind(mount, { CreateMountpoint: false })) },
  { from: 42, apply: (body) => eachMount(body, refuseForeignOptions) },
  { before: 43, apply: withoutAnnotations },
  { before: 44, apply: withoutStartInterval },
  { before: 44, apply: (body) => eachMount(body, refuseForceRecursive) },
  { before: 44, apply: (body) => withMounts(body, readOnlyWithoutSubmounts) },
  { before: 44, apply: refuseSeveralEndpoints },
  { before: 45, apply: (body) => eachMount(body, refuseSubpath) },
  { before: 48, apply: (body) => eachMount(body, refuseImageMount) },
  { before: 48, apply: (body) => withEndpoints(body, (endpoint) => ({ ...endpoint, GwPriority: 0 })) },
  { before: 44, apply: withMacOnFirstEndpoint },
  { from: 44, before: 52, apply: withMacOnNamedEndpoint },
  { from: 52, apply: refuseContainerWideMac },
  { from: 48, apply: refuseInterfaceSysctls },
  { apply: withPortsForEmptyBindings },
];

/** InvalidParameterError in Docker's words for what the version does not take. */
export function createBodyForVersion(
  body: Body,
  version: ApiVersion,
  facts: CreateFacts,
): { readonly body: Body; readonly warnings: readonly string[] } {
  const adapted = rules
    .filter(({ from = 0, before = Infinity }) => version >= from && version < before)
    .reduce((current, rule) => rule.apply(current, facts), body);
  return { body: adapted, warnings: createWarnings(body, version) };
}

function createWarnings(body: Body, version: ApiVersion): string[] {
  const warnings: string[] = [];
  const { VolumeDriver = "", Mounts = [], PortBindings } = body.HostConfig ?? {};
  const hasOwnDriver = (mount: MountRequest): boolean => Boolean(mount.VolumeOptions?.DriverConfig?.Name);
  if (
    version >= 48 &&
    VolumeDriver !== "" &&
    Mounts.some((mount) => mount.Type === "volume" && !hasOwnDriver(mount))
  )
    warnings.push(
      "WARNING: the container-wide volume-driver configuration is ignored for volumes specified via 'mount'. Use '--mount type=volume,volume-driver=...' instead",
    );
  if (version >= 44 && version < 52 && body.MacAddress)
    warnings.push(
      "The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.",
    );
  const unbound = Object.entries(PortBindings ?? {}).filter(([, bindings]) => !bindings?.length);
  if (version >= 52 && unbound.length > 0)
    warnings.push(
      `Following container port(s) have an empty list of port-bindings: ${unbound.map(([port]) => port).join(", ")}. Such bindings will be discarded in a future version.`,
    );
  return warnings;
}

/** In Go the container's own settings are one struct, which stays nil while no key of it is there. */
function refuseEmpty(body: Body): Body {
  if (Object.keys(body).every((key) => key === "HostConfig" || key === "NetworkingConfig"))
    throw new InvalidParameterError("config cannot be empty in order to create a container");
  return body;
}

/** `default` is the name of the network that it stands for. */
function withDefaultEndpointNamed(body: Body): Body {
  const { default: endpoint, ...others } = body.NetworkingConfig?.EndpointsConfig ?? {};
  return endpoint && networkOf(body) === "bridge"
    ? setEndpoints(body, { ...others, bridge: endpoint })
    : body;
}

/** A whole set of capabilities could be asked for in 1.40 alone. */
function refuseCapabilities(body: Body): Body {
  if (body.HostConfig?.Capabilities?.length)
    throw new InvalidParameterError(
      "the HostConfig.Capabilities field is not supported by this daemon; use CapAdd and CapDrop to set capabilities",
    );
  return body;
}

/** Sysctls of one interface belong to an endpoint since 1.46; older versions have them set for the whole namespace. */
function refuseInterfaceSysctls(body: Body): Body {
  const name = Object.keys(body.HostConfig?.Sysctls ?? {}).find((key) =>
    /^net\.[^.]+\.[^.]+\.eth[^.]*\./.test(key),
  );
  if (name !== undefined && hasOwnNamespace(networkOf(body)))
    throw new InvalidParameterError(
      `interface specific sysctl setting ${JSON.stringify(name)} must be supplied using driver option 'com.docker.network.endpoint.sysctls'`,
    );
  return body;
}

function hasOwnNamespace(network: string): boolean {
  return network !== "host" && !network.startsWith("container:");
}

function withHost(body: Body, change: (host: Partial<HostConfig>) => Partial<HostConfig>): Body {
  const host = body.HostConfig ?? {};
  return { ...body, HostConfig: { ...host, ...change(host) } };
}

function withMounts(body: Body, change: (mount: MountRequest) => MountRequest): Body {
  const mounts = body.HostConfig?.Mounts;
  return mounts ? withHost(body, () => ({ Mounts: mounts.map(change) })) : body;
}

function eachMount(body: Body, check: (mount: MountRequest) => void): Body {
  body.HostConfig?.Mounts?.forEach(check);
  return body;
}

function withBind(mount: MountRequest, options: MountRequest["BindOptions"]): MountRequest {
  return mount.BindOptions ? { ...mount, BindOptions: { ...mount.BindOptions, ...options } } : mount;
}

function withEndpoints(
  body: Body,
  change: (endpoint: Partial<EndpointSettings>) => Partial<EndpointSettings>,
): Body {
  const endpoints = Object.entries(body.NetworkingConfig?.EndpointsConfig ?? {});
  if (endpoints.length === 0) return body;
  return setEndpoints(
    body,
    Object.fromEntries(endpoints.map(([name, endpoint]) => [name, change(endpoint)])),
  );
}

function setEndpoints(body: Body, EndpointsConfig: Endpoints): Body {
  return { ...body, NetworkingConfig: { ...body.NetworkingConfig, EndpointsConfig } };
}

/** Before 1.41 a container shared the host's cgroup namespace where that is what cgroup v1 hosts had. */
function withHostCgroupOnV1(body: Body, { cgroupVersion }: CreateFacts): Body {
  if (cgroupVersion === 2) return body;
  return withHost(body, ({ CgroupnsMode }) => ({ CgroupnsMode: CgroupnsMode || "host" }));
}

function withoutForeignOptions({
  BindOptions,
  VolumeOptions,
  TmpfsOptions,
  ...mount
}: MountRequest): MountRequest {
  return {
    ...mount,
    ...(BindOptions ? { BindOptions } : {}),
    ...(VolumeOptions && mount.Type === "volume" ? { VolumeOptions } : {}),
    ...(TmpfsOptions && mount.Type === "tmpfs" ? { TmpfsOptions } : {}),
  };
}

function refuseForeignOptions({ Type, BindOptions, VolumeOptions, TmpfsOptions }: MountRequest): void {
  const refuse = (options: string): never => {
    throw new InvalidParameterError(`${options} must not be specified on mount type "${Type}"`);
  };
  if (VolumeOptions && Type !== "volume") refuse("VolumeOptions");
  if (BindOptions && Type !== "bind") refuse("BindOptions");
  if (TmpfsOptions && Type !== "tmpfs") refuse("TmpfsOptions");
}

function withoutAnnotations(body: Body): Body {
  if (!body.HostConfig?.Annotations) return body;
  const { Annotations: _, ...HostConfig } = body.HostConfig;
  return { ...body, HostConfig };
}

function withoutStartInterval(body: Body): Body {
  const { StartInterval: _, ...Healthcheck } = body.Healthcheck ?? {};
  return body.Healthcheck ? { ...body, Healthcheck } : body;
}

function refuseForceRecursive({ Type, BindOptions }: MountRequest): void {
  if (Type === "bind" && BindOptions?.ReadOnlyForceRecursive)
    throw new InvalidParameterError("BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer");
}

/** Before 1.44 read-only left the mounts below the source as they are. */
function readOnlyWithoutSubmounts(mount: MountRequest): MountRequest {
  if (mount.Type !== "bind" || !mount.ReadOnly) return mount;
  return { ...mount, BindOptions: { ...mount.BindOptions, ReadOnlyNonRecursive: true } };
}

function refuseSeveralEndpoints(body: Body): Body {
  const names = Object.keys(body.NetworkingConfig?.EndpointsConfig ?? {});
  if (names.length > 1)
    throw new InvalidParameterError(
      `Container cannot be created with multiple network endpoints: ${names.join(", ")}`,
    );
  return body;
}

function refuseSubpath({ VolumeOptions }: MountRequest): void {
  if (VolumeOptions?.Subpath)
    throw new InvalidParameterError("VolumeOptions.Subpath needs API v1.45 or newer");
}

function refuseImageMount({ Type }: MountRequest): void {
  if (Type === "image") throw new InvalidParameterError(`Mount type "Image" needs API v1.48 or newer`);
}

function networkOf(body: Body): string {
  const mode = body.HostConfig?.NetworkMode ?? "";
  return mode === "" || mode === "default" ? "bridge" : mode;
}

function hasOwnEndpoint(network: string): boolean {
  return network !== "host" && network !== "none" && !network.startsWith("container:");
}

/** Endpoints had no address of their own then: one given there is dropped, the container's goes to its only endpoint. */
function withMacOnFirstEndpoint(body: Body): Body {
  const { MacAddress = "", ...rest } = body;
  if (MacAddress === "") return withEndpoints(rest, (endpoint) => ({ ...endpoint, MacAddress: "" }));
  const network = networkOf(body);
  if (!hasOwnEndpoint(network))
    throw new InvalidParameterError("conflicting options: mac-address and the network mode");
  const [name = network, endpoint = {}] =
    Object.entries(body.NetworkingConfig?.EndpointsConfig ?? {})[0] ?? [];
  return setEndpoints(rest, { [name]: { ...endpoint, MacAddress } });
}

function withMacOnNamedEndpoint(body: Body): Body {
  const { MacAddress = "", ...rest } = body;
  const network = networkOf(body);
  if (MacAddress === "" || !hasOwnEndpoint(network)) return rest;
  const endpoints = body.NetworkingConfig?.EndpointsConfig ?? {};
  const endpoint = Object.keys(endpoints).length === 0 ? {} : endpoints[network];
  if (!endpoint)
    throw new InvalidParameterError(
      "unable to migrate container-wide MAC address to a specific network: HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks",
    );
  if (endpoint.MacAddress && endpoint.MacAddress !== MacAddress)
    throw new InvalidParameterError(
      "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty",
    );
  return setEndpoints(rest, { ...endpoints, [network]: { ...endpoint, MacAddress } });
}

function refuseContainerWideMac(body: Body): Body {
  if (body.MacAddress)
    throw new InvalidParameterError(
      "container-wide MAC address no longer supported; use endpoint-specific MAC address instead",
    );
  return body;
}

/** An empty list of bindings means "some port of any address" in all versions so far. */
function withPortsForEmptyBindings(body: Body): Body {
  const bindings = body.HostConfig?.PortBindings;
  if (!bindings || Object.values(bindings).every((list) => list && list.length > 0)) return body;
  const filled = Object.entries(bindings).map(([port, list]) => [
    port,
    list && list.length > 0 ? list : [{ HostIp: "", HostPort: "" }],
  ]);
  return withHost(body, () => ({ PortBindings: Object.fromEntries(filled) as HostConfig["PortBindings"] }));
}
