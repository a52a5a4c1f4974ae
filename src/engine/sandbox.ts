// The network side of a start: the container's namespace, its place on each of its networks, and its ports.
import { ConflictError, NotFoundError, SystemError } from "../base/errors.ts";
import type { Attachment, ContainerRecord, PublishedPort } from "../containers/record.ts";
import { isUp } from "../containers/state.ts";
import type { EndpointPlan } from "../networks/endpoint-plan.ts";
import { dnsNames } from "../networks/network-names.ts";
import { parseNetworkMode } from "../networks/network-mode.ts";
import { isAddressed, type AddressedNetworkRecord } from "../networks/network-record.ts";
import { portRequests } from "../networks/port-request.ts";
import { wayOut } from "../networks/way-out.ts";
import type { BoundFiles, SharedNamespaces } from "../runtime/oci-spec/spec-input.ts";
import { noEndpoint } from "../spec/docker.ts";
import type { EndpointSettings } from "../spec/docker.ts";
import type { Engine } from "./engine.ts";
import { joinedContainer, processOf } from "./joined-container.ts";
import { networkFilesOf } from "./network-files.ts";
import { startsBySysinit } from "./sysinit.ts";
import { findNetwork } from "./find-network.ts";

export type Sandbox = {
  readonly namespace: SharedNamespaces["network"];
  readonly attachments: readonly Attachment[];
  /** Default routes that are left to the container's init. */
  readonly gateways?: readonly string[];
  /** Another container's name and files come with its network. */
  readonly hostname?: string;
  readonly files?: BoundFiles;
};

/** All but the way to names. Undone by `leaveNetwork`. Synchronous: about 2 ms for a bridge. */
export function enterNetwork(engine: Engine, record: ContainerRecord): Sandbox {
  const { id, hostConfig } = record;
  const mode = parseNetworkMode(hostConfig.NetworkMode);
  switch (mode.kind) {
    case "host":
      return { namespace: { kind: "host" }, attachments: [plainAttachment(engine, "host")] };
    case "none": {
      const path = engine.networks.enter(id);
      return { namespace: { kind: "private", path }, attachments: [plainAttachment(engine, "none")] };
    }
    case "bridge":
    case "network": {
      const wanted = wantedNetworks(engine, record);
      const path = engine.networks.enter(id);
      const attachments: Attachment[] = [];
      for (const { network, asked } of wanted)
        attachments.push(attach(engine, record, network, asked, nextInterface(attachments)));
      const isBySysinit = startsBySysinit(engine, record);
      const { gateways } = wayOutOf(engine, attachments);
      if (!isBySysinit) engine.networks.route(id, gateways);
      engine.names.announce(id, attachments);
      return {
        namespace: { kind: "private", path },
        attachments,
        ...(isBySysinit ? { gateways } : {}),
      };
    }
    case "container":
      return joinNetwork(engine, mode.container);
  }
}

export async function leaveNetwork(engine: Engine, { id, hostConfig }: ContainerRecord): Promise<void> {
  const { kind } = parseNetworkMode(hostConfig.NetworkMode);
  if (kind === "host" || kind === "container") return;
  engine.names.forget(id);
  engine.networks.leave(id);
  await engine.published.release(id);
}

/** After a restart of the daemon: what running containers hold is not given to others. */
export function adoptNetwork(engine: Engine, { id, attachments, published = [] }: ContainerRecord): void {
  for (const { endpoint, interface: name, hostInterface } of attachments)
    if (name !== undefined)
      engine.networks.adopt(id, {
        networkId: endpoint.NetworkID,
        addresses: addressesOf(endpoint),
        containerInterface: name,
        hostInterface,
      });
  engine.published.adopt(id, published);
}

/** Takes the ports that the container wants published; nobody reaches it by them yet. Undone by `leaveNetwork`. */
export async function claimPorts(
  engine: Engine,
  { id, name, config, hostConfig }: ContainerRecord,
  { attachments }: Pick<Sandbox, "attachments">,
): Promise<readonly PublishedPort[]> {
  const { network4, network6 } = wayOutOf(engine, attachments);
  const of = (network: string | undefined) =>
    attachments.find((attachment) => attachment.network === network);
  const requests = portRequests({ ...hostConfig, ExposedPorts: config.ExposedPorts ?? null });
  const main = of(network4) ?? of(network6);
  if (main === undefined || requests.length === 0) return [];
  const record = engine.networks.store.byName(main.network);
  const binding = record?.driver === "bridge" ? record.hostBinding : undefined;
  if (binding === undefined) return [];
  try {
    return await engine.published.claim(id, requests, {
      ipv4: of(network4)?.endpoint.IPAddress,
      ipv6: of(network6)?.endpoint.GlobalIPv6Address,
      hostIps: binding === "" ? ["0.0.0.0", "::"] : [binding],
    });
  } catch (err) {
    if (!(err instanceof SystemError)) throw err;
    throw new SystemError(
      `driver failed programming external connectivity on endpoint ${name} (${main.endpoint.EndpointID}): ${err.message}`,
      { cause: err },
    );
  }
}

export function wayOutOf(engine: Engine, attachments: readonly Attachment[]): ReturnType<typeof wayOut> {
  return wayOut(
    attachments.map(({ network, endpoint }) => {
      const record = engine.networks.store.byName(network);
      const isOpen = record !== undefined && isAddressed(record) && !record.internal;
      const gateways = [endpoint.Gateway, endpoint.IPv6Gateway].filter((gateway) => gateway !== "");
      return { network, priority: endpoint.GwPriority, gateways: isOpen ? gateways : [] };
    }),
  );
}

/** Puts a container that has its namespace on one more network. */
export function attach(
  engine: Engine,
  record: ContainerRecord,
  network: AddressedNetworkRecord,
  asked: EndpointSettings,
  containerInterface: string,
): Attachment {
  const { IPv4Address, IPv6Address } = asked.IPAMConfig ?? {};
  const plan = engine.networks.connect(record.id, network, {
    ipv4: IPv4Address || undefined,
    ipv6: IPv6Address || undefined,
    mac: asked.MacAddress || undefined,
    containerInterface,
  });
  const hostInterface = engine.networks.hostInterface(record.id, network.id);
  return {
    network: network.name,
    endpoint: endpointBody(engine, record, network, plan, asked),
    interface: containerInterface,
    ...(hostInterface === undefined ? {} : { hostInterface }),
  };
}

/** The first of `eth0`, `eth1` … that is free. */
export function nextInterface(attachments: readonly Attachment[]): string {
  const taken = new Set(attachments.map((attachment) => attachment.interface));
  let number = 0;
  while (taken.has(`eth${number}`)) number++;
  return `eth${number}`;
}

export function addressesOf({ IPAddress, GlobalIPv6Address }: EndpointSettings): string[] {
  return [IPAddress, GlobalIPv6Address].filter((address) => address !== "");
}

type Wanted = { readonly network: AddressedNetworkRecord; readonly asked: EndpointSettings };

/** The network that the mode names first, then the others by name. All are looked up before anything is made. */
function wantedNetworks(engine: Engine, { hostConfig, endpoints }: ContainerRecord): Wanted[] {
  const first = hostConfig.NetworkMode;
  const isFirst = (name: string, id: string) => name === first || id === first;
  const wanted = Object.entries(endpoints).map(([ref, asked]) => {
    const network = findNetwork(engine, ref);
    if (!isAddressed(network)) throw new NotFoundError(`network ${ref} not found`);
    return { network, asked };
  });
  return wanted.toSorted(
    (a, b) =>
      Number(isFirst(b.network.name, b.network.id)) - Number(isFirst(a.network.name, a.network.id)) ||
      (a.network.name < b.network.name ? -1 : 1),
  );
}

function joinNetwork(engine: Engine, ref: string): Sandbox {
  const other = joinedContainer(engine, ref);
  if (!isUp(other.state))
    throw new ConflictError(`cannot join network of a non running container: ${other.id}`);
  return {
    namespace: { kind: "shared", path: `/proc/${processOf(engine, ref)}/ns/net` },
    attachments: [],
    hostname: other.config.Hostname,
    files: networkFilesOf(engine.containers.folder(other.id)),
  };
}

function endpointBody(
  engine: Engine,
  { id, name, config }: ContainerRecord,
  network: AddressedNetworkRecord,
  plan: EndpointPlan,
  asked: EndpointSettings,
): EndpointSettings {
  const [v4, v6] = [false, true].map((isIpv6) =>
    plan.addresses.find(({ address }) => address.includes(":") === isIpv6),
  );
  const gateway = (isIpv6: boolean) => plan.gateways.find((one) => one.includes(":") === isIpv6) ?? "";
  const aliases = asked.Aliases ?? [];
  const DNSNames =
    network.name === "bridge" ? null : dnsNames({ id, name, hostname: config.Hostname, aliases });
  return {
    ...asked,
    MacAddress: plan.mac,
    NetworkID: network.id,
    EndpointID: engine.host.random.hex(32),
    Gateway: gateway(false),
    IPAddress: v4?.address ?? "",
    IPPrefixLen: v4?.prefixLength ?? 0,
    IPv6Gateway: gateway(true),
    GlobalIPv6Address: v6?.address ?? "",
    GlobalIPv6PrefixLen: v6?.prefixLength ?? 0,
    DNSNames,
  };
}

function plainAttachment(engine: Engine, name: "host" | "none"): Attachment {
  const NetworkID = engine.networks.store.plain(name).id;
  const EndpointID = engine.host.random.hex(32);
  return { network: name, endpoint: { ...noEndpoint, NetworkID, EndpointID } };
}
