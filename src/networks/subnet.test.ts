import { expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import {
  contains,
  formatAddress,
  formatSubnet,
  lastAddress,
  overlap,
  parseAddress,
  parseAddressInSubnet,
  parseSubnet,
} from "./subnet.ts";

test.each([
  ["0.0.0.0", 4, 0n],
  ["172.33.0.2", 4, 2_887_843_842n],
  ["255.255.255.255", 4, 0xffff_ffffn],
  ["::", 6, 0n],
  ["fd00::1", 6, (0xfd00n << 112n) + 1n],
  ["2001:db8::ffff:ffff", 6, (0x2001_0db8n << 96n) + 0xffff_ffffn],
] as const)("parseAddress and formatAddress: %s", (text, family, value) => {
  expect(parseAddress(text)).toEqual({ family, value });
  expect(formatAddress({ family, value })).toBe(text);
});

test.each([
  [""],
  ["10.1"],
  ["10.0.0.256"],
  ["010.0.0.1"],
  ["10.0.0.1 "],
  ["0x0a.0.0.1"],
  ["fe80::1%eth0"],
  ["1.2.3.4.5"],
  [":::"],
])("parseAddress: %p is no address", (text) => {
  expect(() => parseAddress(text)).toThrow(InvalidParameterError);
});

test.each([
  ["10.1.2.3/24", "10.1.2.0/24", "10.1.2.255"],
  ["192.168.255.255/16", "192.168.0.0/16", "192.168.255.255"],
  ["1.2.3.4/0", "0.0.0.0/0", "255.255.255.255"],
  ["255.255.255.255/32", "255.255.255.255/32", "255.255.255.255"],
  ["172.18.0.1/31", "172.18.0.0/31", "172.18.0.1"],
  ["fd00::5/64", "fd00::/64", "fd00::ffff:ffff:ffff:ffff"],
])("parseAddressInSubnet: %s is in %s, up to %s", (text, subnet, last) => {
  const parsed = parseAddressInSubnet(text);
  const { family } = parsed.subnet;
  expect([formatAddress({ family, value: parsed.address }), formatSubnet(parsed.subnet)]).toEqual([
    text.split("/")[0] ?? "",
    subnet,
  ]);
  expect(formatAddress({ family, value: lastAddress(parsed.subnet) })).toBe(last);
});

test.each([
  ["10.0.0.1"],
  ["10.0.0.1/33"],
  ["10.0.0.1/"],
  ["10.0.0.1/-1"],
  ["10.0.0.1/8/8"],
  ["/8"],
  ["fd00::1/129"],
])("parseAddressInSubnet: %p is refused", (text) => {
  expect(() => parseAddressInSubnet(text)).toThrow(InvalidParameterError);
});

test.each([
  ["10.0.0.0/8", "10.200.0.0/16", true],
  ["10.200.0.0/16", "10.0.0.0/8", true],
  ["10.0.0.0/16", "10.1.0.0/16", false],
  ["172.18.0.0/16", "172.18.255.255/32", true],
  ["172.18.0.0/16", "172.19.0.0/32", false],
  ["0.0.0.0/0", "203.0.113.0/24", true],
  ["::/0", "203.0.113.0/24", false],
  ["fd00::/8", "fd12::/64", true],
])("overlap: %s and %s: %p", (one, other, expected) => {
  expect(overlap(parseSubnet(one), parseSubnet(other))).toBe(expected);
});

test("contains: from the network's own address to the broadcast address", () => {
  const subnet = parseSubnet("192.168.240.0/20");
  const inside = (text: string) => contains(subnet, parseAddress(text));
  expect(["192.168.239.255", "192.168.240.0", "192.168.255.255", "193.0.0.0"].map(inside)).toEqual([
    false,
    true,
    true,
    false,
  ]);
});
