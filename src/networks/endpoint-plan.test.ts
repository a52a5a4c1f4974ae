import { expect, test } from "bun:test";
import { defaultExecRoot, instanceOf } from "../base/instance.ts";
import { aliasOf, macOf, ownerOf, planEndpoint } from "./endpoint-plan.ts";
import type { BridgeNetworkRecord } from "./network-record.ts";
import { parseAddress } from "./subnet.ts";

const network: BridgeNetworkRecord = {
  id: "f".repeat(64),
  name: "bridge",
  createdAt: "2026-11-23T00:00:00.000Z",
  driver: "bridge",
  bridge: "sampan0",
  ownBridge: true,
  pools: [{ subnet: "172.18.0.0/16", gateway: "172.18.0.1" }],
  mtu: 1450,
  internal: false,
  icc: true,
  masquerade: true,
  hostBinding: "",
};
const ours = instanceOf(defaultExecRoot);
const other = instanceOf("/run/other");
const wish = {
  containerId: "abc",
  leases: [{ address: parseAddress("172.18.0.2"), subnet: "172.18.0.0/16", gateway: "172.18.0.1" }],
  containerInterface: "eth0",
  mark: "0123456789",
  netnsPath: "/run/sampan/netns/abc",
};

test("planEndpoint: all of an endpoint in one value", () => {
  expect(planEndpoint(network, ours, wish)).toEqual({
    networkId: network.id,
    joint: {
      kind: "veth",
      bridge: "sampan0",
      hostInterface: "sv0123456789",
      alias: "sampan:abc",
      isolated: false,
    },
    containerInterface: "eth0",
    mac: "02:42:ac:12:00:02",
    addresses: [{ address: "172.18.0.2", prefixLength: 16 }],
    gateways: ["172.18.0.1"],
    mtu: 1450,
    netnsPath: "/run/sampan/netns/abc",
  });
});

test("planEndpoint: another daemon's interfaces bear its name and fit the kernel's 15 bytes", () => {
  const plan = planEndpoint(network, other, { ...wish, mac: "02:00:00:00:00:09" });
  if (plan.joint.kind !== "veth") throw new Error("not a pair");
  expect(plan.joint.hostInterface.length).toBeLessThanOrEqual(15);
  expect(plan.joint.hostInterface.startsWith(other.interfacePrefix)).toBe(true);
  expect(plan.joint.alias).toBe(`${other.tag}:abc`);
  expect(plan.mac).toBe("02:00:00:00:00:09");
});

test("ownerOf: the container of our own interfaces only", () => {
  expect(ownerOf(ours, aliasOf(ours, "abc"))).toBe("abc");
  expect(ownerOf(ours, aliasOf(other, "abc"))).toBeUndefined();
  expect(ownerOf(other, aliasOf(ours, "abc"))).toBeUndefined();
  expect(ownerOf(ours, undefined)).toBeUndefined();
  expect(ownerOf(ours, "uplink to sampan:x")).toBeUndefined();
});

test("macOf: locally administered, for one interface, with the address in it", () => {
  expect(macOf(parseAddress("10.255.1.200").value)).toBe("02:42:0a:ff:01:c8");
});

test("planEndpoint: without ICC its port is isolated; an internal network has no way out", () => {
  const plan = planEndpoint({ ...network, icc: false, internal: true }, ours, wish);
  expect(plan.joint).toMatchObject({ isolated: true });
  expect(plan.gateways).toEqual([]);
});

test("planEndpoint: a macvlan network's interface stands on its parent", () => {
  const { bridge: _bridge, ownBridge: _own, icc: _icc, ...common } = network;
  const record = { ...common, driver: "macvlan", parent: "eth1", ownParent: false, mode: "bridge" } as const;
  expect(planEndpoint(record, ours, wish).joint).toEqual({ kind: "macvlan", parent: "eth1", mode: "bridge" });
});
