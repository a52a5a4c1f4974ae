// Finds, with no memory of how it came to be, what containers that run no more, and networks that are no more, have left.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Instance } from "../base/instance.ts";
import { deleteLink } from "../netlink/link.ts";
import { listLinks, type Rtnetlink } from "../netlink/rtnetlink.ts";
import { failedWith } from "../sys/errno.ts";
import { networkOf, ownerOf } from "./endpoint-plan.ts";
import { disconnectEndpoint } from "./endpoint.ts";
import { netnsFolder, removeSandbox } from "./sandbox.ts";

/** Ids. */
export type Live = { readonly containers: ReadonlySet<string>; readonly networks: ReadonlySet<string> };

/** Removes namespaces and interfaces of all but the live ones. Returns their names, for the log. */
export function sweepOrphans(host: Rtnetlink, instance: Instance, execRoot: string, live: Live): string[] {
  const folder = netnsFolder(execRoot);
  const sandboxes = readdirSync(folder).filter((id) => !live.containers.has(id));
  const isLive = (owner: string): boolean => {
    const network = networkOf(owner);
    return network === undefined ? live.containers.has(owner) : live.networks.has(network);
  };
  const links = listLinks(host).filter(({ alias }) => {
    const owner = ownerOf(instance, alias);
    return owner !== undefined && !isLive(owner);
  });
  for (const id of sandboxes) removeSandbox(join(folder, id));
  const going = new Set(sandboxes);
  for (const { name, alias } of links) {
    // With its namespace it goes by itself; one whose namespace has no name here must be deleted (30 ms each).
    if (going.has(ownerOf(instance, alias) ?? "")) disconnectEndpoint(host, name);
    else deleteIfThere(host, name);
  }
  return [...sandboxes.map((id) => join(folder, id)), ...links.map(({ name }) => name)];
}

function deleteIfThere(host: Rtnetlink, name: string): void {
  try {
    host.perform(deleteLink(name));
  } catch (err) {
    if (!failedWith(err, "ENODEV")) throw err;
  }
}
