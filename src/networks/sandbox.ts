// A container's network namespace, held by a file so that it is there before the container's first process.
import { join } from "node:path";
import { changeLink } from "../netlink/link.ts";
import { Rtnetlink } from "../netlink/rtnetlink.ts";
import { failedWith } from "../sys/errno.ts";
import { closeFd, O_WRONLY, openFile, writeAll } from "../sys/file.ts";
import { createNetns, insideNetns, removeNetns } from "../sys/namespace.ts";

export function netnsFolder(execRoot: string): string {
  return join(execRoot, "netns");
}

export function netnsPathOf(execRoot: string, containerId: string): string {
  return join(netnsFolder(execRoot), containerId);
}

/**
 * A fresh namespace with loopback up and nothing else. One that an earlier, broken start left under this name goes first.
 * Interfaces that come later have no IPv6 until somebody gives them some, loopback has its ::1: otherwise every
 * container would listen to any neighbour that calls itself an IPv6 router.
 */
export function createSandbox(netnsPath: string): void {
  removeNetns(netnsPath);
  createNetns(netnsPath);
  try {
    const { rtnetlink, ipv6Switch } = insideNetns(netnsPath, () => ({
      rtnetlink: new Rtnetlink(),
      ipv6Switch: openIpv6Default("disable_ipv6"),
    }));
    using inside = rtnetlink;
    writeSetting(ipv6Switch, "1");
    inside.perform(changeLink("lo", { up: true }));
  } catch (err) {
    removeNetns(netnsPath);
    throw err;
  }
}

/** From here on interfaces that come into the namespace have IPv6, but take none from routers that call. */
export function allowIpv6(netnsPath: string): void {
  const settings = insideNetns(netnsPath, () =>
    ["accept_ra", "disable_ipv6"].map((name) => openIpv6Default(name)),
  );
  for (const setting of settings) writeSetting(setting, "0");
}

/** `undefined` where the kernel has no IPv6 or its settings cannot be changed. */
function openIpv6Default(name: string): number | undefined {
  try {
    // The setting for interfaces to come: that of one interface waits for a lock that the kernel's own clean-up holds long.
    // Which namespace's setting a file in /proc/sys/net is gets decided when it is opened.
    return openFile(`/proc/sys/net/ipv6/conf/default/${name}`, O_WRONLY);
  } catch (err) {
    if (failedWith(err, "ENOENT", "EROFS", "EACCES")) return undefined;
    throw err;
  }
}

/** Closes the setting. */
export function writeSetting(setting: number | undefined, value: string): void {
  if (setting === undefined) return;
  try {
    writeAll(setting, Buffer.from(value));
  } finally {
    closeFd(setting);
  }
}

/**
 * Lets the namespace end; fine when it is gone. The kernel then takes its interfaces away, both ends of each pair, some
 * 30 ms later and in nobody's time: deleting a link by request would stop the daemon for as long.
 */
export function removeSandbox(netnsPath: string): void {
  removeNetns(netnsPath);
}
