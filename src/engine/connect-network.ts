// `network connect` and `disconnect`: of a running container at once, of another for its next start.
import { ConflictError, ForbiddenError, InvalidParameterError, SystemError } from "../base/errors.ts";
import type { Attachment, ContainerRecord } from "../containers/record.ts";
import { checkEndpoint } from "../containers/settings/endpoints.ts";
import { isUp } from "../containers/state.ts";
import { parseNetworkMode } from "../networks/network-mode.ts";
import { isAddressed, type NetworkRecord } from "../networks/network-record.ts";
import { noEndpoint } from "../spec/docker.ts";
import type { EndpointSettings } from "../spec/docker.ts";
import type { Engine } from "./engine.ts";
import { findNetwork, lookUpNetwork } from "./find-network.ts";
import { publishNetworkEvent } from "./network-events.ts";
import { rewriteResolvConf, writeHosts } from "./network-files.ts";
import { attach, claimPorts, nextInterface, wayOutOf } from "./sandbox.ts";
import { leadToNames } from "./way-to-names.ts";

export function connectNetwork(
  engine: Engine,
  networkRef: string,
  containerRef: string,
  settings: Partial<EndpointSettings>,
): Promise<void> {
  const { id } = engine.containers.find(containerRef);
  return engine.locks.run(id, async () => {
    const record = engine.containers.find(id);
    const network = findNetwork(engine, networkRef);
    refuseRemoved(record);
    refuseModes(record, network);
    checkEndpoint(network.name, settings);
    const asked = { ...noEndpoint, ...settings };
    if (!isAddressed(network) || isOn(record, network.name)) throw alreadyOn(record, network);
    const endpoints = { ...record.endpoints, [network.name]: asked };
    if (!isUp(record.state)) {
      engine.containers.update(id, (now) => ({ ...now, endpoints }));
    } else {
      const added = attach(engine, record, network, asked, nextInterface(record.attachments));
      await changeAttachments(engine, record, endpoints, [...record.attachments, added]);
    }
    publishNetworkEvent(engine, network, "connect", { container: id });
  });
}

/** `force` is for a network that is gone. */
export function disconnectNetwork(
  engine: Engine,
  networkRef: string,
  containerRef: string,
  { force }: { readonly force: boolean },
): Promise<void> {
  const { id } = engine.containers.find(containerRef);
  return engine.locks.run(id, async () => {
    const record = engine.containers.find(id);
    const network = force ? lookUpNetwork(engine, networkRef) : findNetwork(engine, networkRef);
    refuseRemoved(record);
    const name = network?.name ?? networkRef;
    const { kind } = parseNetworkMode(record.hostConfig.NetworkMode);
    if (kind === "host")
      throw new InvalidParameterError(
        "container cannot be disconnected from host network or connected to host network",
      );
    if (!isOn(record, name)) throw new SystemError(`container ${id} is not connected to network ${name}`);
    const { [name]: _left, ...endpoints } = record.endpoints;
    const leaving = record.attachments.find((attachment) => attachment.network === name);
    if (!isUp(record.state) || leaving === undefined) {
      engine.containers.update(id, (now) => ({ ...now, endpoints }));
    } else {
      if (leaving.interface !== undefined)
        engine.networks.disconnect(id, leaving.endpoint.NetworkID, leaving.interface);
      const rest = record.attachments.filter((attachment) => attachment !== leaving);
      await changeAttachments(engine, record, endpoints, rest);
    }
    if (network !== undefined) publishNetworkEvent(engine, network, "disconnect", { container: id });
  });
}

/** The way out, the hosts file and the resolvers follow the networks. */
async function changeAttachments(
  engine: Engine,
  record: ContainerRecord,
  endpoints: ContainerRecord["endpoints"],
  attachments: readonly Attachment[],
): Promise<void> {
  const { id } = record;
  engine.networks.route(id, wayOutOf(engine, attachments).gateways);
  await leadToNames(engine, id, attachments);
  const changed = engine.containers.update(id, (now) => ({ ...now, endpoints, attachments }));
  writeHosts(engine, changed, attachments);
  rewriteResolvConf(engine, changed, record.attachments, attachments);
  await movePorts(engine, record, changed);
}

/** Published ports lead to the address of the network that is the way out. */
async function movePorts(engine: Engine, before: ContainerRecord, after: ContainerRecord): Promise<void> {
  const [old, now] = [before, after].map(({ attachments }) => JSON.stringify(wayOutOf(engine, attachments)));
  if (old === now) return;
  await engine.published.release(after.id);
  const published = await claimPorts(engine, after, after);
  engine.containers.update(after.id, (record) => ({ ...record, published }));
  await engine.published.open(after.id);
}

function isOn({ endpoints, attachments }: ContainerRecord, name: string): boolean {
  return name in endpoints || attachments.some(({ network }) => network === name);
}

function refuseRemoved({ id, state }: ContainerRecord): void {
  if (state.status === "removing" || state.status === "dead")
    throw new ConflictError(
      `Container ${id} is marked for removal and cannot be connected or disconnected to the network`,
    );
}

function refuseModes({ hostConfig }: ContainerRecord, { driver }: NetworkRecord): void {
  const { kind } = parseNetworkMode(hostConfig.NetworkMode);
  if (kind === "host" || driver === "host")
    throw new InvalidParameterError(
      "container cannot be disconnected from host network or connected to host network",
    );
  if (kind === "container")
    throw new InvalidParameterError(
      "container sharing network namespace with another container or host cannot be connected to any other network",
    );
  if (kind === "none" || driver === "null")
    throw new InvalidParameterError(
      "container cannot be connected to multiple networks with one of the networks in private (none) mode",
    );
}

function alreadyOn({ name }: ContainerRecord, network: NetworkRecord): ForbiddenError {
  return new ForbiddenError(`endpoint with name ${name} already exists in network ${network.name}`);
}
