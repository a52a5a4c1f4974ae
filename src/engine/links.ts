// `--link` on the default network, which has no resolver: names in the hosts file. On users' networks the resolver has them.
import { ConflictError, InvalidParameterError } from "../base/errors.ts";
import type { HostEntry } from "../containers/network-files.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { isUp } from "../containers/state.ts";
import { parseNetworkMode } from "../networks/network-mode.ts";
import { parseLink } from "../networks/network-names.ts";
import type { Engine } from "./engine.ts";

/** Refuses links to containers that are not there. */
export function checkLinks(engine: Engine, links: readonly string[] | null): void {
  for (const link of links ?? []) {
    const { target } = parseLink(link);
    if (!engine.containers.lookUp(target))
      throw new InvalidParameterError(`could not get container for ${target}: No such container: ${target}`);
  }
}

/** One line for each link; ConflictError when the other container does not run, as Docker has it. */
export function linkedHosts(engine: Engine, record: ContainerRecord): HostEntry[] {
  if (parseNetworkMode(record.hostConfig.NetworkMode).kind !== "bridge") return [];
  return (record.hostConfig.Links ?? []).map((link) => {
    const { target, alias } = parseLink(link);
    const other = engine.containers.find(target);
    if (!isUp(other.state))
      throw new ConflictError(
        `Cannot link to a non running container: /${other.name} AS /${record.name}/${alias}`,
      );
    const address = other.attachments.find(({ network }) => network === "bridge")?.endpoint.IPAddress;
    if (!address)
      throw new ConflictError(`Cannot link to /${other.name}, as it does not belong to the default network`);
    return { address, names: [...new Set([alias, other.config.Hostname, other.name])] };
  });
}

/** Running containers whose hosts file speaks of this one. */
export function linkedFrom(engine: Engine, { id, name }: ContainerRecord): ContainerRecord[] {
  return engine.containers.all().filter(
    ({ state, hostConfig }) =>
      isUp(state) &&
      (hostConfig.Links ?? []).some((link) => {
        const { target } = parseLink(link);
        return target === name || id.startsWith(target);
      }),
  );
}
