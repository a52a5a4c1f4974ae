// 127.0.0.11 inside a container: where programs that were set up for Docker look for the resolver of their network, whatever
// resolv.conf says (nginx's `resolver 127.0.0.11`). A route leads it out to the gateway, and the firewall there to the resolver
// (resolver-rules.ts), so that nothing in the container has to be kept alive.
//
//   rule 1    what comes in for 127.0.0.0/8 is dropped    with route_localnet a neighbour could reach loopback otherwise
//   rule 10   the local table                             from 0, where nothing can come before it
//   local     127.0.0.11/32 via <gateway>                 longer than its 127.0.0.0/8
import { RT_TABLE_LOCAL, setRouteInLocalTable } from "../netlink/route.ts";
import { findLink, performUnless, Rtnetlink } from "../netlink/rtnetlink.ts";
import { addDropRule, addTableRule, removeTableRule } from "../netlink/rule.ts";
import { failedWith } from "../sys/errno.ts";
import { O_WRONLY, openFile } from "../sys/file.ts";
import { insideNetns } from "../sys/namespace.ts";
import { writeSetting } from "./sandbox.ts";

export const loopbackResolver = "127.0.0.11";

const local = { table: RT_TABLE_LOCAL };
const loopback = { address: "127.0.0.0", prefixLength: 8 };

export type LoopbackResolverWay = {
  readonly containerInterface: string;
  /** The container's own address there. */
  readonly address: string;
  readonly gateway: string;
};

/** In the place of another. Does nothing where the namespace's settings cannot be changed: resolv.conf's way is there. */
export function leadLoopbackResolver(netnsPath: string, way: LoopbackResolverWay): void {
  const { containerInterface, address, gateway } = way;
  const { rtnetlink, routeLocalnet } = insideNetns(netnsPath, () => ({
    rtnetlink: new Rtnetlink(),
    routeLocalnet: openRouteLocalnet(containerInterface),
  }));
  using inside = rtnetlink;
  if (routeLocalnet === undefined) return;
  // The shield is up before there is anything to shield.
  performUnless(inside, "EEXIST", addTableRule({ ...local, priority: 10 }));
  performUnless(inside, "EEXIST", addDropRule(1, containerInterface, loopback));
  performUnless(inside, "ENOENT", removeTableRule({ ...local, priority: 0 }));
  writeSetting(routeLocalnet, "1");
  const linkIndex = findLink(inside, containerInterface)?.index;
  if (linkIndex === undefined) return;
  inside.perform(
    setRouteInLocalTable({ destination: loopbackResolver, gateway, linkIndex, source: address }),
  );
}

function openRouteLocalnet(containerInterface: string): number | undefined {
  try {
    return openFile(`/proc/sys/net/ipv4/conf/${containerInterface}/route_localnet`, O_WRONLY);
  } catch (err) {
    if (failedWith(err, "ENOENT", "EROFS", "EACCES")) return undefined;
    throw err;
  }
}
