import { expect, test } from "bun:test";
import { ConflictError, InvalidParameterError } from "../base/errors.ts";
import { AddressPool, nextAddress } from "./address-pool.ts";
import { formatAddress, parseAddress, parseSubnet } from "./subnet.ts";

const value = (text: string) => parseAddress(text).value;

function pool(subnet: string, gateway: string, range?: string) {
  const { family } = parseSubnet(subnet);
  const wide = range === undefined ? undefined : parseSubnet(range);
  const addresses = new AddressPool(parseSubnet(subnet), [value(gateway)], wide);
  const text = (address: bigint) => formatAddress({ family, value: address });
  return {
    next: () => text(addresses.allocate()),
    take: (wanted: string) => text(addresses.allocate(value(wanted))),
    release: (address: string) => addresses.release(value(address)),
    adopt: (address: string) => addresses.adopt(value(address)),
  };
}

test("AddressPool: walks up, skipping network, gateway and broadcast; a released one comes when the round is over", () => {
  const { next, release } = pool("10.0.0.0/29", "10.0.0.1");
  expect([next(), next(), next()]).toEqual(["10.0.0.2", "10.0.0.3", "10.0.0.4"]);
  release("10.0.0.2");
  expect([next(), next(), next()]).toEqual(["10.0.0.5", "10.0.0.6", "10.0.0.2"]);
  expect(() => next()).toThrow("no available IPv4 addresses");
  release("10.0.0.4");
  expect(next()).toBe("10.0.0.4");
});

test("AddressPool: a gateway in the middle is skipped", () => {
  const { next } = pool("10.0.0.0/29", "10.0.0.3");
  expect([next(), next(), next()]).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.4"]);
});

test("AddressPool: a wanted address is taken once", () => {
  const { next, take, release } = pool("10.0.0.0/24", "10.0.0.1");
  expect(take("10.0.0.3")).toBe("10.0.0.3");
  expect([next(), next()]).toEqual(["10.0.0.2", "10.0.0.4"]);
  for (const text of ["10.0.0.3", "10.0.0.1", "10.0.0.0", "10.0.0.255"]) {
    expect(() => take(text)).toThrow(ConflictError);
    expect(() => take(text)).toThrow("Address already in use");
  }
  expect(() => take("10.0.1.3")).toThrow(InvalidParameterError);
  release("10.0.0.3");
  expect(take("10.0.0.3")).toBe("10.0.0.3");
});

test("AddressPool: adopted addresses are in use and the walk goes on behind the highest", () => {
  const { next, adopt, take } = pool("10.0.0.0/24", "10.0.0.1");
  for (const text of ["10.0.0.9", "10.0.0.4", "192.0.2.1"]) adopt(text);
  expect(next()).toBe("10.0.0.10");
  expect(() => take("10.0.0.4")).toThrow(ConflictError);
});

test("AddressPool: a range is where addresses come from, and only a wanted one from elsewhere", () => {
  const { next, take } = pool("10.0.0.0/24", "10.0.0.1", "10.0.0.252/30");
  expect([next(), next(), next()]).toEqual(["10.0.0.252", "10.0.0.253", "10.0.0.254"]);
  expect(() => next()).toThrow("no available IPv4 addresses");
  expect(take("10.0.0.7")).toBe("10.0.0.7");
});

test("AddressPool: an IPv6 network gives its second address first, and its last as well as any", () => {
  const { next, take } = pool("fd00:1::/64", "fd00:1::1");
  expect([next(), next()]).toEqual(["fd00:1::2", "fd00:1::3"]);
  expect(take("fd00:1::ffff:ffff:ffff:ffff")).toBe("fd00:1::ffff:ffff:ffff:ffff");
  expect(() => take("fd00:1::")).toThrow("Address already in use");
});

test("AddressPool: a released gateway is still the gateway", () => {
  const { release, take } = pool("10.0.0.0/24", "10.0.0.1");
  release("10.0.0.1");
  expect(() => take("10.0.0.1")).toThrow("Address already in use");
});

test("nextAddress: every address of every small range is found from wherever the walk stands", () => {
  for (const hosts of [2n, 6n, 14n]) {
    const span = { first: 101n, last: 100n + hosts };
    for (let free = 1n; free <= hosts; free++) {
      const taken = new Set(Array.from({ length: Number(hosts) }, (_, i) => 101n + BigInt(i)));
      taken.delete(100n + free);
      for (let cursor = 98n; cursor <= 103n + hosts; cursor++)
        expect(nextAddress(span, taken, cursor)).toBe(100n + free);
    }
  }
});

test("AddressPool: twenty thousand of a /16 are all different", () => {
  const addresses = new AddressPool(parseSubnet("172.18.0.0/16"), [value("172.18.0.1")]);
  const given = new Set(Array.from({ length: 20_000 }, () => addresses.allocate()));
  expect(given.size).toBe(20_000);
});

test("AddressPool: an address that another server has given out is passed over, and refused when it is wanted", () => {
  const addresses = new AddressPool(parseSubnet("10.0.3.0/29"), [value("10.0.3.1")]);
  const foreign = new Set([value("10.0.3.2"), value("10.0.3.4")]);
  expect(addresses.allocate(undefined, foreign)).toBe(value("10.0.3.3"));
  expect(() => addresses.allocate(value("10.0.3.4"), foreign)).toThrow(ConflictError);
  // It has been given back there.
  expect(addresses.allocate()).toBe(value("10.0.3.4"));
});
