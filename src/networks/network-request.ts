// `POST /networks/create`: from the body of the request and what there is already, the record of the new network, or an
// error in Docker's words. Pure; nothing has been made when this returns.
import {
  ConflictError,
  ForbiddenError,
  InvalidParameterError,
  NotFoundError,
  NotImplementedError,
} from "../base/errors.ts";
import { ipvlanModes, macvlanModes } from "../netlink/link.ts";
import type { CreateNetworkBody } from "../spec/docker-resources.ts";
import { ipamPools, type IpamContext } from "./ipam-request.ts";
import { vlanOf } from "./network-interface.ts";
import { bridgeOptions, mtuOf } from "./network-options.ts";
import {
  isAddressed,
  predefinedNames,
  type AddressedNetworkRecord,
  type BridgeNetworkRecord,
  type MacvlanNetworkRecord,
  type NetworkRecord,
} from "./network-record.ts";
import { parseSubnet, type Family } from "./subnet.ts";

export type NetworkContext = Omit<IpamContext, "families" | "taken"> & {
  readonly identity: { readonly id: string; readonly name: string; readonly createdAt: string };
  readonly existing: readonly NetworkRecord[];
  /** First part of the name of a bridge that nobody chose one for; eight digits of the id follow. */
  readonly bridgePrefix: string;
  readonly usualMtu: number;
  /** Whether the host has an interface of this name. */
  readonly hasInterface: (name: string) => boolean;
};

/** The longest name of an interface (IFNAMSIZ less the NUL). */
const interfaceNameMax = 15;

export function networkFrom(body: CreateNetworkBody, context: NetworkContext): AddressedNetworkRecord {
  const { Name = "" } = body;
  if (predefinedNames.has(Name))
    throw new ForbiddenError(`operation is not permitted on predefined ${Name} network`);
  if (Name.trim() === "") throw new InvalidParameterError("invalid name: name is empty");
  const driver = body.Driver || "bridge";
  refuseOthers(driver, body);
  if (context.existing.some(({ name }) => name === Name))
    throw new ConflictError(`network with name ${Name} already exists`);
  const families = familiesOf(body);
  const common = {
    ...context.identity,
    options: body.Options ?? {},
    labels: body.Labels ?? {},
    attachable: body.Attachable ?? false,
    pools: ipamPools(body.IPAM?.Config ?? [], { ...context, families, taken: takenBy(context.existing) }),
    internal: body.Internal ?? false,
  };
  return driver === "bridge" ? bridgeNetwork(common, context) : macvlanNetwork(driver, common, context);
}

/** What belongs to swarms, or is not there at all. */
function refuseOthers(
  driver: string,
  { Scope = "", Ingress, ConfigOnly, ConfigFrom, IPAM }: CreateNetworkBody,
): void {
  if (driver === "host" || driver === "null")
    throw new ForbiddenError(`only one instance of "${driver}" network is allowed`);
  if (driver === "overlay" || Scope === "swarm" || Ingress)
    throw new ForbiddenError(
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    );
  if (!["bridge", "macvlan", "ipvlan"].includes(driver))
    throw new NotFoundError(`could not find plugin ${driver}: plugin "${driver}" not found`);
  if (ConfigOnly || ConfigFrom?.Network)
    throw new NotImplementedError("configuration-only networks: not in this build of sampan");
  const ipamDriver = IPAM?.Driver || "default";
  if (ipamDriver !== "default")
    throw new NotFoundError(`could not find plugin ${ipamDriver}: plugin "${ipamDriver}" not found`);
}

function familiesOf({ EnableIPv4, EnableIPv6 }: CreateNetworkBody): Family[] {
  const families: Family[] = [
    ...(EnableIPv4 === false ? [] : [4 as const]),
    ...(EnableIPv6 ? [6 as const] : []),
  ];
  if (families.length === 0) throw new InvalidParameterError("IPv4 or IPv6 must be enabled");
  return families;
}

function takenBy(existing: readonly NetworkRecord[]) {
  return existing.filter(isAddressed).flatMap(({ pools }) => pools.map(({ subnet }) => parseSubnet(subnet)));
}

type Common = Pick<
  AddressedNetworkRecord,
  "id" | "name" | "createdAt" | "options" | "labels" | "attachable" | "pools" | "internal"
>;

function bridgeNetwork(common: Common, context: NetworkContext): BridgeNetworkRecord {
  const { bridge: asked, mtu, ...options } = bridgeOptions(common.options ?? {});
  const families = common.pools.map(({ subnet }) => parseSubnet(subnet).family);
  if (new Set(families).size < families.length)
    throw new ForbiddenError("bridge driver doesn't support multiple subnets");
  const bridge = asked ?? `${context.bridgePrefix}${common.id.slice(0, 8)}`;
  checkInterfaceName(bridge);
  const other = context.existing.find((record) => record.driver === "bridge" && record.bridge === bridge);
  if (other !== undefined)
    throw new ForbiddenError(
      `cannot create network ${common.id} (${bridge}): conflicts with network ${other.id} (${bridge}): networks have same bridge name`,
    );
  return {
    ...common,
    driver: "bridge",
    bridge,
    ownBridge: !context.hasInterface(bridge),
    mtu: mtu ?? context.usualMtu,
    ...options,
  };
}

function macvlanNetwork(driver: string, common: Common, context: NetworkContext): MacvlanNetworkRecord {
  const isMacvlan = driver === "macvlan";
  const options = common.options ?? {};
  const modes = isMacvlan ? macvlanModes : ipvlanModes;
  const mode = options[`${driver}_mode`] || (isMacvlan ? "bridge" : "l2");
  if (modes[mode] === undefined)
    throw new InvalidParameterError(
      `requested ${driver} mode '${mode}' is not valid, '${isMacvlan ? "bridge" : "l2"}' mode is the ${driver} driver default`,
    );
  // With no parent it leads nowhere: Docker makes an internal network of it, on an interface of its own.
  const parent = options["parent"] || `dm-${common.id.slice(0, 12)}`;
  checkInterfaceName(parent);
  const sharesParent = context.existing.find(
    (record) => isAddressed(record) && record.driver !== "bridge" && record.parent === parent,
  );
  if (sharesParent !== undefined)
    throw new ForbiddenError(
      `network di-${sharesParent.id.slice(0, 12)} is already using parent interface ${parent}`,
    );
  const exists = context.hasInterface(parent);
  const vlan = vlanOf(parent);
  if (options["parent"] && !exists && (vlan === undefined || !context.hasInterface(vlan.below)))
    throw new InvalidParameterError(
      `invalid subinterface vlan name ${parent}, example formatting is eth0.10`,
    );
  return {
    ...common,
    driver: isMacvlan ? "macvlan" : "ipvlan",
    parent,
    ownParent: !exists,
    mode,
    mtu: mtuOf(options) ?? context.usualMtu,
    internal: common.internal || !options["parent"],
  };
}

function checkInterfaceName(name: string): void {
  if (name.length > interfaceNameMax || !/^[^\s/:"]+$/.test(name) || name === "." || name === "..")
    throw new InvalidParameterError(`invalid interface name: ${name}`);
}
