// The address ranges that a request for a network asks for: checked, and completed by the daemon's pools. Pure.
import { ForbiddenError, InvalidParameterError } from "../base/errors.ts";
import type { IpamConfigBody } from "../spec/docker-resources.ts";
import type { IpamPool } from "./network-record.ts";
import { chooseSubnet, isFree, type Pool } from "./subnet-choice.ts";
import {
  contains,
  formatAddress,
  formatSubnet,
  isAddress,
  lastAddress,
  parseAddress,
  parseAddressInSubnet,
  parseSubnet,
  sizeOf,
  type Family,
  type Subnet,
} from "./subnet.ts";

export type IpamContext = {
  readonly families: readonly Family[];
  /** What the host has routes to and addresses in. */
  readonly inUse: readonly Subnet[];
  /** Ranges of the networks that there are. */
  readonly taken: readonly Subnet[];
  readonly pools: Readonly<Record<Family, readonly Pool[]>>;
};

/** Every family has a range when this returns; a configuration of a family that is not enabled is left out, as Docker does. */
export function ipamPools(configs: readonly IpamConfigBody[], context: IpamContext): IpamPool[] {
  const problems = configs.flatMap((config) => problemsOf(config, context.families));
  if (problems.length > 0) throw new InvalidParameterError(`invalid network config:\n${problems.join("\n")}`);
  const taken = [...context.taken];
  const take = (subnet: Subnet): Subnet => {
    taken.push(subnet);
    return subnet;
  };
  return context.families.flatMap((family) => {
    const own = configs.filter((config) => familyOf(config) === family);
    const list =
      own.length > 0 ? own : family === 4 ? configs.filter(({ Subnet = "" }) => Subnet === "") : [];
    return (list.length > 0 ? list : [{}]).map((config) => {
      const { Subnet = "" } = config;
      if (Subnet !== "") {
        const subnet = parseSubnet(Subnet);
        if (!isFree(subnet, taken))
          throw new ForbiddenError(
            "invalid pool request: Pool overlaps with other one on this address space",
          );
        return poolOf(take(subnet), config);
      }
      return poolOf(take(chooseSubnet([...context.inUse, ...taken], context.pools[family])), config);
    });
  });
}

function familyOf({ Subnet = "" }: IpamConfigBody): Family | undefined {
  return Subnet === "" ? undefined : parseSubnet(Subnet).family;
}

function problemsOf(config: IpamConfigBody, families: readonly Family[]): string[] {
  const { Subnet = "", IPRange = "", Gateway = "", AuxiliaryAddresses = {} } = config;
  if (Subnet === "") return noSubnetProblems(config);
  const { subnet, address } = parseAddressInSubnet(Subnet);
  if (!families.includes(subnet.family)) return [];
  return [
    ...(address === subnet.base ? [] : [`invalid subnet ${Subnet}: it should be ${formatSubnet(subnet)}`]),
    ...(IPRange === "" ? [] : rangeProblems(IPRange, subnet)),
    ...addressProblem(`invalid gateway ${Gateway}`, Gateway, subnet),
    ...Object.entries(AuxiliaryAddresses).flatMap(([name, text]) =>
      addressProblem(`invalid auxiliary address ${name}`, text, subnet),
    ),
  ];
}

function noSubnetProblems({ Gateway = "", IPRange = "" }: IpamConfigBody): string[] {
  return Gateway === "" && IPRange === "" ? [] : ["invalid subnet : invalid CIDR block notation"];
}

function rangeProblems(text: string, subnet: Subnet): string[] {
  const { subnet: range, address } = parseAddressInSubnet(text);
  if (range.family !== subnet.family)
    return [`invalid ip-range ${text}: parent subnet is an IPv${subnet.family} block`];
  return [
    ...(range.prefixLength < subnet.prefixLength
      ? [`invalid ip-range ${text}: CIDR block is bigger than its parent subnet ${formatSubnet(subnet)}`]
      : []),
    ...(address === range.base ? [] : [`invalid ip-range ${text}: it should be ${formatSubnet(range)}`]),
    ...(contains(subnet, { family: range.family, value: range.base }) ||
    contains(range, { family: range.family, value: subnet.base })
      ? []
      : [`invalid ip-range ${text}: parent subnet ${formatSubnet(subnet)} doesn't contain ip-range`]),
  ];
}

function addressProblem(what: string, text: string, subnet: Subnet): string[] {
  if (text === "") return [];
  if (!isAddress(text)) return [`${what}: invalid address`];
  const address = parseAddress(text);
  if (address.family !== subnet.family) return [`${what}: parent subnet is an IPv${subnet.family} block`];
  return contains(subnet, address)
    ? []
    : [`${what}: parent subnet ${formatSubnet(subnet)} doesn't contain this address`];
}

function poolOf(subnet: Subnet, config: IpamConfigBody): IpamPool {
  const { IPRange = "", Gateway = "", AuxiliaryAddresses = {} } = config;
  const auxiliary = Object.fromEntries(
    Object.entries(AuxiliaryAddresses).map(([name, text]) => [name, formatAddress(parseAddress(text))]),
  );
  return {
    subnet: formatSubnet(subnet),
    gateway:
      Gateway === ""
        ? firstFree(subnet, IPRange, Object.values(auxiliary))
        : formatAddress(parseAddress(Gateway)),
    ...(IPRange === "" ? {} : { range: formatSubnet(parseSubnet(IPRange)) }),
    ...(Object.keys(auxiliary).length > 0 ? { auxiliary } : {}),
  };
}

/** The gateway that nobody chose: the first address of the range that containers get theirs from. */
function firstFree(subnet: Subnet, rangeText: string, auxiliary: readonly string[]): string {
  const range = rangeText === "" ? subnet : parseSubnet(rangeText);
  const isHost = (value: bigint) =>
    sizeOf(subnet) <= 2n || (value !== subnet.base && value !== lastAddress(subnet));
  for (let value = range.base; value <= lastAddress(range); value++) {
    const text = formatAddress({ family: subnet.family, value });
    if (isHost(value) && !auxiliary.includes(text)) return text;
  }
  throw new InvalidParameterError(`no address is left for the gateway in ${formatSubnet(range)}`);
}
