// Carries out an EndpointPlan: a pair of interfaces between the bridge and the container's namespace.
import { NotFoundError } from "../base/errors.ts";
import { addAddress } from "../netlink/address.ts";
import { changeLink, createVeth, deleteLink } from "../netlink/link.ts";
import type { Request } from "../netlink/message.ts";
import { addDefaultRoute } from "../netlink/route.ts";
import { findLink, openRtnetlinkIn, settleCarrier, type Rtnetlink } from "../netlink/rtnetlink.ts";
import { failedWith, type ErrnoName } from "../sys/errno.ts";
import { closeFd } from "../sys/file.ts";
import { openNetns } from "../sys/namespace.ts";
import type { EndpointPlan } from "./endpoint-plan.ts";

/**
 * Makes all of the plan true, whatever of it is true already. Needs the sandbox's namespace and the bridge. On failure
 * the pair is gone again.
 */
export function connectEndpoint(host: Rtnetlink, plan: EndpointPlan): void {
  const master = findLink(host, plan.bridge)?.index;
  if (master === undefined) throw new NotFoundError(`bridge ${plan.bridge} does not exist`);
  try {
    plugIn(host, plan, master);
    configureInside(plan);
    // The bridge has a carrier of its own, which comes with that of its first port.
    settleCarrier(host, plan.hostInterface);
    settleCarrier(host, plan.bridge);
  } catch (err) {
    performUnless(host, "ENODEV", deleteLink(plan.hostInterface));
    throw err;
  }
}

/**
 * Cuts the container off, so that its address can be given to another at once; the pair itself goes with the sandbox's
 * namespace. Fine when it is gone.
 */
export function disconnectEndpoint(host: Rtnetlink, hostInterface: string): void {
  performUnless(host, "ENODEV", changeLink(hostInterface, { up: false }));
}

function plugIn(host: Rtnetlink, plan: EndpointPlan, master: number): void {
  const netnsFd = openNetns(plan.netnsPath);
  try {
    const peer = { name: plan.containerInterface, mac: plan.mac, netnsFd };
    performUnless(host, "EEXIST", createVeth({ name: plan.hostInterface }, peer, plan.mtu));
  } finally {
    closeFd(netnsFd);
  }
  // The host's end only passes frames on: an IPv6 address of its own would be announced for nobody.
  const { hostInterface, alias } = plan;
  host.perform(changeLink(hostInterface, { alias, master, ipv6LinkLocal: false, up: true }));
}

function configureInside(plan: EndpointPlan): void {
  const { containerInterface, netnsPath, address, prefixLength, gateway } = plan;
  using inside = openRtnetlinkIn(netnsPath);
  const linkIndex = findLink(inside, containerInterface)?.index;
  if (linkIndex === undefined) throw new NotFoundError(`${containerInterface} is not in its namespace`);
  inside.perform(changeLink(linkIndex, { up: true }));
  performUnless(inside, "EEXIST", addAddress({ linkIndex, address, prefixLength }));
  performUnless(inside, "EEXIST", addDefaultRoute(gateway));
}

function performUnless(rtnetlink: Rtnetlink, fine: ErrnoName, request: Request): void {
  try {
    rtnetlink.perform(request);
  } catch (err) {
    if (!failedWith(err, fine)) throw err;
  }
}
