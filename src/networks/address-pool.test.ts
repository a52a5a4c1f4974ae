import { expect, test } from "bun:test";
import { ConflictError, InvalidParameterError } from "../base/errors.ts";
import { AddressPool, nextAddress } from "./address-pool.ts";
import { formatAddress, parseAddress, parseSubnet } from "./subnet.ts";

function pool(subnet: string, gateway: string) {
  const addresses = new AddressPool(parseSubnet(subnet), [parseAddress(gateway)]);
  return {
    next: () => formatAddress(addresses.allocate()),
    take: (text: string) => formatAddress(addresses.allocate(parseAddress(text))),
    release: (text: string) => addresses.release(parseAddress(text)),
    adopt: (text: string) => addresses.adopt(parseAddress(text)),
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

test("nextAddress: every address of every small subnet is found from wherever the walk stands", () => {
  for (const prefixLength of [30, 29, 28]) {
    const subnet = { base: parseAddress("10.0.0.0"), prefixLength };
    const hosts = 2 ** (32 - prefixLength) - 2;
    for (let free = 1; free <= hosts; free++) {
      const taken = new Set(Array.from({ length: hosts }, (_, i) => subnet.base + 1 + i));
      taken.delete(subnet.base + free);
      for (let cursor = subnet.base - 2; cursor <= subnet.base + hosts + 3; cursor++)
        expect(nextAddress(subnet, taken, cursor)).toBe(subnet.base + free);
    }
  }
});

test("AddressPool: twenty thousand of a /16 are all different", () => {
  const addresses = new AddressPool(parseSubnet("172.18.0.0/16"), [parseAddress("172.18.0.1")]);
  const given = new Set(Array.from({ length: 20_000 }, () => addresses.allocate()));
  expect(given.size).toBe(20_000);
});
