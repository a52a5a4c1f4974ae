// Networks for tests: the default bridge, a user's dual-stack network without ICC, and an internal one.
import type { FirewallState } from "./firewall.ts";
import type { BridgeNetworkRecord } from "./network-record.ts";
import type { PortMapping } from "./port-mapping.ts";

export const defaultBridge: BridgeNetworkRecord = {
  id: "f".repeat(64),
  name: "bridge",
  createdAt: "2026-11-23T00:00:00.000Z",
  driver: "bridge",
  bridge: "sampan0",
  ownBridge: true,
  pools: [{ subnet: "172.18.0.0/16", gateway: "172.18.0.1" }],
  mtu: 1500,
  internal: false,
  icc: true,
  masquerade: true,
  hostBinding: "",
};

export const dualStack: BridgeNetworkRecord = {
  ...defaultBridge,
  id: "a".repeat(64),
  name: "six",
  bridge: "sn-aaaaaaaa",
  pools: [
    { subnet: "10.6.0.0/24", gateway: "10.6.0.1" },
    { subnet: "fd00:6::/64", gateway: "fd00:6::1" },
  ],
  icc: false,
};

export const internal: BridgeNetworkRecord = {
  ...defaultBridge,
  id: "b".repeat(64),
  name: "inside",
  bridge: "sn-bbbbbbbb",
  pools: [{ subnet: "10.7.0.0/24", gateway: "10.7.0.1" }],
  internal: true,
};

export function mapping(change: Partial<PortMapping> = {}): PortMapping {
  return {
    protocol: "tcp",
    hostIp: "0.0.0.0",
    hostPort: 8080,
    containerIp: "172.18.0.2",
    containerPort: 80,
    count: 1,
    ...change,
  };
}

/** One of everything that ports can be. */
export const allKinds: FirewallState = {
  networks: [defaultBridge, dualStack, internal],
  mappings: [
    mapping(),
    mapping({ hostIp: "::" }),
    mapping({ hostIp: "127.0.0.1", hostPort: 9000 }),
    mapping({ hostIp: "192.0.2.7", hostPort: 53, containerPort: 53, protocol: "udp" }),
    mapping({ hostPort: 7000, containerPort: 7000, count: 1000, protocol: "sctp" }),
    mapping({ hostPort: 6000, containerPort: 80, count: 3 }),
    mapping({ hostIp: "::", hostPort: 443, containerIp: "fd00:6::2", containerPort: 8443 }),
    mapping({ hostIp: "::1", hostPort: 444, containerIp: "fd00:6::2", containerPort: 8443 }),
    mapping({
      hostIp: "2001:db8::1",
      hostPort: 5000,
      containerIp: "fd00:6::2",
      containerPort: 6000,
      count: 2,
    }),
  ],
  resolvers: [{ bridge: "sn-aaaaaaaa", addresses: ["10.6.0.1", "fd00:6::1"], port: 27_053 }],
};
