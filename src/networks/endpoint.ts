// Carries out an EndpointPlan: an interface in the container's namespace, joined to the network outside.
import { NotFoundError } from "../base/errors.ts";
import { addAddress } from "../netlink/address.ts";
import {
  type BridgePortOptions,
  changeBridgePort,
  changeLink,
  createSubLink,
  createVeth,
  deleteLink,
} from "../netlink/link.ts";
import { setDefaultRoute } from "../netlink/route.ts";
import {
  findLink,
  openRtnetlinkIn,
  performUnless,
  settleCarrier,
  type Rtnetlink,
} from "../netlink/rtnetlink.ts";
import { failedWith } from "../sys/errno.ts";
import { closeFd } from "../sys/file.ts";
import { openNetns } from "../sys/namespace.ts";
import type { EndpointPlan, Joint } from "./endpoint-plan.ts";
import { allowIpv6 } from "./sandbox.ts";

export type ConnectOptions = {
  /** See `filtersBridgedFrames` in bridge.ts. */
  readonly bridgedFramesFiltered: boolean;
};

/**
 * Makes all of the plan true, whatever of it is true already, but for the way out. Needs the sandbox's namespace and the
 * network's interface. On failure nothing of it is left.
 */
export function connectEndpoint(host: Rtnetlink, plan: EndpointPlan, options: ConnectOptions): void {
  if (hasIpv6(plan)) allowIpv6(plan.netnsPath);
  const { joint } = plan;
  const below = joint.kind === "veth" ? joint.bridge : joint.parent;
  const index = findLink(host, below)?.index;
  if (index === undefined)
    throw new NotFoundError(
      joint.kind === "veth" ? `bridge ${below} does not exist` : `network interface ${below} does not exist`,
    );
  try {
    if (joint.kind === "veth") plugIn(host, plan, joint, index, options);
    else createOn(host, plan, joint, index);
    configureInside(plan);
    // The bridge has a carrier of its own, which comes with that of its first port.
    if (joint.kind === "veth")
      for (const link of [joint.hostInterface, joint.bridge]) settleCarrier(host, link);
  } catch (err) {
    removeJoint(host, plan);
    throw err;
  }
}

/** Gives the container its way out, in the place of another: by these gateways, at most one of a family. */
export function routeThrough(netnsPath: string, gateways: readonly string[]): void {
  if (gateways.length === 0) return;
  using inside = openRtnetlinkIn(netnsPath);
  inside.perform(...gateways.map((gateway) => setDefaultRoute(gateway)));
}

/**
 * Cuts the container off, so that its address can be given to another at once; the pair itself goes with the sandbox's
 * namespace. Fine when it is gone.
 */
export function disconnectEndpoint(host: Rtnetlink, hostInterface: string): void {
  performUnless(host, "ENODEV", changeLink(hostInterface, { up: false }));
}

/** Takes an interface out of a container that runs on. Fine when it is gone. */
export function removeInterface(netnsPath: string, containerInterface: string): void {
  using inside = openRtnetlinkIn(netnsPath);
  performUnless(inside, "ENODEV", deleteLink(containerInterface));
}

/**
 * Takes a macvlan or ipvlan out of a namespace that ends: where somebody's socket keeps that in being, another could not have
 * the same address. Some 15 ms. Fine when it is gone, or the machine was started anew meanwhile.
 */
export function removeSubLink(netnsPath: string, containerInterface: string): void {
  try {
    removeInterface(netnsPath, containerInterface);
  } catch (err) {
    // No file, or one that no namespace is mounted on any more.
    if (!failedWith(err, "ENOENT", "EINVAL")) throw err;
  }
}

function hasIpv6({ addresses }: EndpointPlan): boolean {
  return addresses.some(({ address }) => address.includes(":"));
}

function plugIn(
  host: Rtnetlink,
  plan: EndpointPlan,
  { hostInterface, alias, isolated }: Extract<Joint, { kind: "veth" }>,
  master: number,
  { bridgedFramesFiltered }: ConnectOptions,
): void {
  const netnsFd = openNetns(plan.netnsPath);
  try {
    const peer = { name: plan.containerInterface, mac: plan.mac, netnsFd };
    performUnless(host, "EEXIST", createVeth({ name: hostInterface }, peer, plan.mtu));
  } finally {
    closeFd(netnsFd);
  }
  // The host's end only passes frames on: an IPv6 address of its own would be announced for nobody.
  host.perform(
    changeLink(hostInterface, { alias, master, ipv6LinkLocal: false }),
    ...portChanges(isolated, bridgedFramesFiltered).map((change) => changeBridgePort(hostInterface, change)),
    changeLink(hostInterface, { up: true }),
  );
}

/**
 * Filtered frames need no isolation, which would keep out those that published ports lead from one port to another; one
 * that calls itself by a published port must get its own frame back.
 */
function portChanges(isolated: boolean, filtered: boolean): BridgePortOptions[] {
  if (filtered) return [{ hairpin: true }];
  return isolated ? [{ isolated: true }] : [];
}

function createOn(
  host: Rtnetlink,
  plan: EndpointPlan,
  { kind, mode }: Extract<Joint, { parent: string }>,
  parent: number,
): void {
  const netnsFd = openNetns(plan.netnsPath);
  try {
    // An ipvlan has its parent's hardware address, and takes no other.
    const mac = kind === "macvlan" ? { mac: plan.mac } : {};
    const end = { name: plan.containerInterface, netnsFd, ...mac };
    performUnless(host, "EEXIST", createSubLink(end, { kind, mode, parent }, plan.mtu));
  } finally {
    closeFd(netnsFd);
  }
}

function configureInside(plan: EndpointPlan): void {
  const { containerInterface, netnsPath, addresses } = plan;
  using inside = openRtnetlinkIn(netnsPath);
  const linkIndex = findLink(inside, containerInterface)?.index;
  if (linkIndex === undefined) throw new NotFoundError(`${containerInterface} is not in its namespace`);
  // Where the namespace has IPv6 for the sake of another network, this one still gets nothing by itself.
  const ipv6 = hasIpv6(plan) ? {} : { ipv6LinkLocal: false };
  inside.perform(changeLink(linkIndex, { ...ipv6, up: true }));
  for (const address of addresses) performUnless(inside, "EEXIST", addAddress({ linkIndex, ...address }));
  settleCarrier(inside, linkIndex);
}

function removeJoint(host: Rtnetlink, { joint, netnsPath, containerInterface }: EndpointPlan): void {
  if (joint.kind === "veth") performUnless(host, "ENODEV", deleteLink(joint.hostInterface));
  else removeInterface(netnsPath, containerInterface);
}
