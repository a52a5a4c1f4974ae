// Options that are right alone and wrong together.
import { InvalidParameterError } from "../../base/errors.ts";
import type { CreateContainerBody, HostConfig } from "../../spec/docker.ts";
import { containerIn } from "./modes.ts";

/** `wanted` is the request's part of the config: an image's exposed ports and the default host name conflict with nothing. */
export function checkModeConflicts(wanted: CreateContainerBody, hostConfig: HostConfig): void {
  const { NetworkMode, UTSMode, Links, AutoRemove, RestartPolicy } = hostConfig;
  if (AutoRemove && RestartPolicy.Name !== "no")
    throw new InvalidParameterError("can't create 'AutoRemove' container with restart policy");
  if (containerIn(NetworkMode) !== undefined) checkSharedNetwork(wanted, hostConfig);
  if (UTSMode === "host" && wanted.Hostname) throw conflict("hostname and the UTS mode");
  if (NetworkMode === "host" && hasSome(Links))
    throw conflict("host type networking can't be used with links. This would result in undefined behavior");
}

/** The network, with names, ports and resolver, is the other container's. */
function checkSharedNetwork(wanted: CreateContainerBody, hostConfig: HostConfig): void {
  const { Links, Dns, ExtraHosts, PortBindings, PublishAllPorts } = hostConfig;
  if (wanted.Hostname) throw conflict("hostname and the network mode");
  if (hasSome(Links))
    throw conflict(
      "container type network can't be used with links. This would result in undefined behavior",
    );
  if (hasSome(Dns)) throw conflict("dns and the network mode");
  if (hasSome(ExtraHosts)) throw conflict("custom host-to-IP mapping and the network mode");
  if (hasKeys(PortBindings) || PublishAllPorts)
    throw conflict("port publishing and the container type network mode");
  if (hasKeys(wanted.ExposedPorts)) throw conflict("port exposing and the container type network mode");
}

function conflict(what: string): InvalidParameterError {
  return new InvalidParameterError(`conflicting options: ${what}`);
}

function hasSome(list: readonly unknown[] | null): boolean {
  return list !== null && list.length > 0;
}

function hasKeys(map: object | null | undefined): boolean {
  return Object.keys(map ?? {}).length > 0;
}
