// A container's network namespace, held by a file so that it is there before the container's first process.
import { join } from "node:path";
import { changeLink } from "../netlink/link.ts";
import { openRtnetlinkIn } from "../netlink/rtnetlink.ts";
import { createNetns, removeNetns } from "../sys/namespace.ts";

export function netnsFolder(execRoot: string): string {
  return join(execRoot, "netns");
}

export function netnsPathOf(execRoot: string, containerId: string): string {
  return join(netnsFolder(execRoot), containerId);
}

/** A fresh namespace with loopback up and nothing else. One that an earlier, broken start left under this name goes first. */
export function createSandbox(netnsPath: string): void {
  removeNetns(netnsPath);
  createNetns(netnsPath);
  try {
    using inside = openRtnetlinkIn(netnsPath);
    inside.perform(changeLink("lo", { up: true }));
  } catch (err) {
    removeNetns(netnsPath);
    throw err;
  }
}

/**
 * Lets the namespace end; fine when it is gone. The kernel then takes its interfaces away, both ends of each pair, some
 * 30 ms later and in nobody's time: deleting a link by request would stop the daemon for as long.
 */
export function removeSandbox(netnsPath: string): void {
  removeNetns(netnsPath);
}
