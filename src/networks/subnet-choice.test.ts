import { expect, test } from "bun:test";
import { chooseSubnet, isFree, uniqueLocalPool } from "./subnet-choice.ts";
import { formatSubnet, parseSubnet } from "./subnet.ts";

const choose = (...inUse: string[]) => formatSubnet(chooseSubnet(inUse.map((text) => parseSubnet(text))));

test.each([
  ["nothing in use", [], "172.17.0.0/16"],
  ["a dockerd's bridge", ["172.17.0.0/16"], "172.18.0.0/16"],
  ["one address in the middle of it", ["172.17.99.1/32"], "172.18.0.0/16"],
  ["a big route", ["172.16.0.0/12"], "192.168.0.0/20"],
  ["a home network beside", ["172.16.0.0/12", "192.168.1.0/24"], "192.168.16.0/20"],
  ["a default route", ["0.0.0.0/0"], "172.17.0.0/16"],
  ["a VPN that takes everything in two halves", ["0.0.0.0/1", "128.0.0.0/1"], "172.17.0.0/16"],
  ["a company's range", ["10.0.0.0/8", "172.0.0.0/8"], "192.168.0.0/20"],
])("chooseSubnet: %s", (_, inUse, expected) => {
  expect(choose(...inUse)).toBe(expected);
});

test("chooseSubnet: says so when all pools are in use", () => {
  expect(() => choose("172.0.0.0/8", "192.168.0.0/16")).toThrow(
    "all predefined address pools have been fully subnetted",
  );
});

test("isFree: judges one range by the same rule", () => {
  const inUse = [parseSubnet("0.0.0.0/1"), parseSubnet("10.0.0.0/8")];
  expect([isFree(parseSubnet("10.9.0.0/24"), inUse), isFree(parseSubnet("11.0.0.0/24"), inUse)]).toEqual([
    false,
    true,
  ]);
});

test("uniqueLocalPool: the same /48 for the same machine, cut into /64 networks", () => {
  const pool = uniqueLocalPool("sampan");
  expect(pool).toEqual(uniqueLocalPool("sampan"));
  const first = chooseSubnet([], [pool]);
  expect(formatSubnet(first)).toMatch(/^fd[0-9a-f]{2}:[0-9a-f]+:[0-9a-f]+::\/64$/);
  expect(formatSubnet(chooseSubnet([first], [pool]))).not.toBe(formatSubnet(first));
});
