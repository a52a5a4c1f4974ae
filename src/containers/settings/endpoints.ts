// `NetworkingConfig`: how the container wishes to sit on its networks.
import ipaddr from "ipaddr.js";
import { InvalidParameterError } from "../../base/errors.ts";
import { noEndpoint } from "../../spec/docker.ts";
import type { EndpointSettings, HostConfig, NetworkingConfig } from "../../spec/docker.ts";
import { containerIn } from "./modes.ts";

const predefined = new Set(["bridge", "host", "none"]);

/** By network name, with every field; the network of `NetworkMode` is always among them unless it is another container's. */
export function endpointSettings(
  { EndpointsConfig = {} }: NetworkingConfig,
  { NetworkMode }: HostConfig,
  macAddress: string,
): Readonly<Record<string, EndpointSettings>> {
  if (containerIn(NetworkMode) !== undefined) {
    if (macAddress !== "") throw macConflict();
    return {};
  }
  const asked = Object.fromEntries(
    Object.entries(EndpointsConfig).map(([name, settings]) => [
      name === "default" ? "bridge" : name,
      settings,
    ]),
  );
  asked[NetworkMode] = withContainersMac(asked[NetworkMode] ?? {}, macAddress, NetworkMode);
  return Object.fromEntries(
    Object.entries(asked).map(([name, settings]) => {
      checkEndpoint(name, settings);
      return [name, { ...noEndpoint, ...settings }];
    }),
  );
}

/** Before API 1.44 the address belonged to the container. */
function withContainersMac(
  settings: Partial<EndpointSettings>,
  macAddress: string,
  networkMode: string,
): Partial<EndpointSettings> {
  if (macAddress === "") return settings;
  if (networkMode === "host" || networkMode === "none") throw macConflict();
  if (settings.MacAddress && settings.MacAddress !== macAddress)
    throw new InvalidParameterError(
      "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty",
    );
  return { ...settings, MacAddress: macAddress };
}

function macConflict(): InvalidParameterError {
  return new InvalidParameterError("conflicting options: mac-address and the network mode");
}

export function checkEndpoint(
  name: string,
  { IPAMConfig, Aliases, MacAddress = "" }: Partial<EndpointSettings>,
): void {
  const refuse = (why: string): never => {
    throw new InvalidParameterError(`invalid config for network ${name}: invalid endpoint settings:\n${why}`);
  };
  const { IPv4Address = "", IPv6Address = "" } = IPAMConfig ?? {};
  if (predefined.has(name)) {
    if (IPv4Address !== "" || IPv6Address !== "")
      refuse("user specified IP address is supported on user defined networks only");
    if ((Aliases ?? []).length > 0)
      refuse("network-scoped aliases are only supported for user-defined networks");
  }
  if (IPv4Address !== "" && !ipaddr.IPv4.isValidFourPartDecimal(IPv4Address))
    refuse(`invalid IPv4 address: ${IPv4Address}`);
  if (IPv6Address !== "" && !ipaddr.IPv6.isValid(IPv6Address)) refuse(`invalid IPv6 address: ${IPv6Address}`);
  if (MacAddress !== "" && !/^[\da-f]{2}([:-][\da-f]{2}){5}$/i.test(MacAddress))
    refuse(`invalid MAC address: ${MacAddress}`);
}

export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}
