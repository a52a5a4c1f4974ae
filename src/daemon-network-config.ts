// The part of the daemon's configuration that is about networks, from flags or daemon.json, in dockerd's words. Pure.
import { InvalidParameterError } from "./base/errors.ts";
import { switchOf, textOf } from "./config-values.ts";
import { backendNames, type BackendName } from "./networks/firewall-choice.ts";
import type { NetworksOptions } from "./networks/networks.ts";
import { defaultPortRange, type PortRange } from "./networks/port-allocator.ts";
import { defaultPools, type Pool } from "./networks/subnet-choice.ts";
import { addressBits, isAddress, parseSubnet } from "./networks/subnet.ts";

type NetworkFlag =
  | "bridge"
  | "bip"
  | "fixed-cidr"
  | "fixed-cidr-v6"
  | "ipv6"
  | "mtu"
  | "icc"
  | "ip-masq"
  | "ip"
  | "default-address-pool"
  | "published-port-range"
  | "firewall-backend";

/** `given` has a flag's value, or the file's under its own key. */
export function networkOptions(
  given: (flag: NetworkFlag, key?: string) => unknown,
): Omit<NetworksOptions, "instance" | "execRoot"> {
  const text = (flag: NetworkFlag) => textOf(flag, given(flag));
  const flag = (name: NetworkFlag, otherwise: boolean) => switchOf(name, given(name), otherwise);
  const hostBinding = text("ip") ?? "";
  if (hostBinding !== "" && !isAddress(hostBinding))
    throw new InvalidParameterError(`invalid argument "${hostBinding}" for "--ip": not an IP address`);
  const pools = poolsOf(given("default-address-pool", "default-address-pools"));
  return {
    bridge: text("bridge"),
    bridgeAddress: text("bip"),
    fixedCidr: text("fixed-cidr"),
    ipv6: flag("ipv6", text("fixed-cidr-v6") !== undefined),
    fixedCidrV6: text("fixed-cidr-v6"),
    mtu: mtuOf(given("mtu")),
    icc: flag("icc", true),
    masquerade: flag("ip-masq", true),
    hostBinding: hostBinding === "0.0.0.0" ? "" : hostBinding,
    addressPools: pools.length > 0 ? pools : defaultPools,
    portRange: portRangeOf(text("published-port-range")),
    firewallBackend: backendOf(text("firewall-backend")),
  };
}

/** 0 is dockerd's "as it comes". */
function mtuOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const mtu = Number(value);
  if (!Number.isInteger(mtu) || mtu < 0 || mtu > 65_535)
    throw new InvalidParameterError(`invalid MTU number: ${JSON.stringify(value)}`);
  return mtu === 0 ? undefined : mtu;
}

/** Flags give `base=10.0.0.0/8,size=24`, the file a list of objects with these keys. */
function poolsOf(value: unknown): Pool[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new InvalidParameterError("default-address-pools must be a list");
  return value.map((item: unknown) => {
    const { base, size } =
      typeof item === "string"
        ? Object.fromEntries(item.split(",").map((field) => field.split("=")) as [string, string][])
        : ((item ?? {}) as { base?: unknown; size?: unknown });
    if (typeof base !== "string") throw new InvalidParameterError("invalid default address pool: no base");
    const range = parseSubnet(base);
    const prefixLength = Number(size);
    if (
      !Number.isInteger(prefixLength) ||
      prefixLength < range.prefixLength ||
      prefixLength > addressBits(range.family)
    )
      throw new InvalidParameterError(
        `invalid default address pool: ${base} cannot have size ${String(size)}`,
      );
    return { range, prefixLength };
  });
}

function portRangeOf(text: string | undefined): PortRange {
  if (text === undefined) return defaultPortRange;
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || first < 1 || last > 65_535 || first > last)
    throw new InvalidParameterError(`invalid published port range: ${text}`);
  return { first, last };
}

function backendOf(text: string | undefined): BackendName | undefined {
  const found = backendNames.find((name) => name === text);
  if (text !== undefined && found === undefined)
    throw new InvalidParameterError(`invalid firewall backend "${text}": give iptables or nftables`);
  return found;
}
