// The network side of a start: the container's namespace, its endpoint, and the names it goes by.
import { ConflictError, InvalidParameterError, NotFoundError } from "../base/errors.ts";
import type { Attachment, ContainerRecord } from "../containers/record.ts";
import { isUp } from "../containers/state.ts";
import type { EndpointPlan } from "../networks/endpoint-plan.ts";
import { parseNetworkMode } from "../networks/network-mode.ts";
import type { BoundFiles, SharedNamespaces } from "../runtime/oci-spec/spec-input.ts";
import { noEndpoint } from "../spec/docker.ts";
import type { EndpointSettings } from "../spec/docker.ts";
import type { Engine } from "./engine.ts";
import { joinedContainer, processOf } from "./joined-container.ts";
import { networkFilesOf } from "./network-files.ts";

export type Sandbox = {
  readonly namespace: SharedNamespaces["network"];
  readonly attachments: readonly Attachment[];
  /** The container's own address, for its hosts file. */
  readonly address?: string;
  /** Another container's name and files come with its network. */
  readonly hostname?: string;
  readonly files?: BoundFiles;
};

/** Undone by `leaveNetwork`. Synchronous: about 2 ms on a bridge. */
export function enterNetwork(engine: Engine, record: ContainerRecord): Sandbox {
  const { id, hostConfig } = record;
  const mode = parseNetworkMode(hostConfig.NetworkMode);
  switch (mode.kind) {
    case "host":
      return { namespace: { kind: "host" }, attachments: [plainAttachment(engine, "host")] };
    case "none": {
      engine.network.isolate(id);
      const path = engine.network.netnsPath(id);
      return { namespace: { kind: "private", path }, attachments: [plainAttachment(engine, "none")] };
    }
    case "bridge":
      return enterBridge(engine, record);
    case "container":
      return joinNetwork(engine, mode.container);
    case "network":
      throw new NotFoundError(`network ${mode.network} not found`);
  }
}

export function leaveNetwork(engine: Engine, { id, hostConfig }: ContainerRecord): void {
  const { kind } = parseNetworkMode(hostConfig.NetworkMode);
  if (kind !== "host" && kind !== "container") engine.network.disconnect(id);
}

/** After a restart of the daemon: the addresses that running containers hold are not given to others. */
export function adoptNetwork(engine: Engine, { id, attachments }: ContainerRecord): void {
  for (const { network, endpoint } of attachments)
    if (network === bridgeName && endpoint.IPAddress !== "") engine.network.adopt(id, endpoint.IPAddress);
}

const bridgeName = "bridge";

function enterBridge(engine: Engine, { id, endpoints }: ContainerRecord): Sandbox {
  const asked = endpoints[bridgeName];
  if (asked?.IPAMConfig?.IPv4Address)
    throw new InvalidParameterError(
      "invalid config for network bridge: invalid endpoint settings:\nuser specified IP address is supported on user defined networks only",
    );
  const plan = engine.network.connect(id, { mac: asked?.MacAddress || undefined });
  return {
    namespace: { kind: "private", path: plan.netnsPath },
    attachments: [{ network: bridgeName, endpoint: bridgeEndpoint(engine, plan, asked) }],
    address: plan.address,
  };
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

function bridgeEndpoint(
  engine: Engine,
  plan: EndpointPlan,
  asked: EndpointSettings | undefined,
): EndpointSettings {
  return {
    ...(asked ?? noEndpoint),
    MacAddress: plan.mac,
    NetworkID: engine.network.record.id,
    EndpointID: engine.host.random.hex(32),
    Gateway: plan.gateway,
    IPAddress: plan.address,
    IPPrefixLen: plan.prefixLength,
  };
}

function plainAttachment(engine: Engine, name: "host" | "none"): Attachment {
  const NetworkID = engine.networks.plain(name).id;
  const EndpointID = engine.host.random.hex(32);
  return { network: name, endpoint: { ...noEndpoint, NetworkID, EndpointID } };
}
