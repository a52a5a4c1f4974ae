import { expect, test } from "bun:test";
import { instanceOf, defaultExecRoot } from "../base/instance.ts";
import { resolverRules, resolverStatements } from "./resolver-rules.ts";

const instance = instanceOf(defaultExecRoot);
const textOf = (...args: Parameters<typeof resolverRules>): string[] =>
  resolverRules(...args).map(({ table, chain, text }) => `${table} ${chain} ${text}`);

test("resolverRules: port 53 of the gateway leads to the resolver's, which is let in", () => {
  expect(
    textOf(instance, 4, [{ bridge: "br0", addresses: ["172.18.0.1", "fd00::1"], port: 10_053 }]),
  ).toEqual([
    "nat SAMPAN-PREROUTING -i br0 -d 172.18.0.1 -p udp --dport 53 -j DNAT --to-destination 172.18.0.1:10053",
    "filter SAMPAN-INPUT -i br0 -d 172.18.0.1 -p udp --dport 10053 -j ACCEPT",
    "nat SAMPAN-PREROUTING -i br0 -d 172.18.0.1 -p tcp --dport 53 -j DNAT --to-destination 172.18.0.1:10053",
    "filter SAMPAN-INPUT -i br0 -d 172.18.0.1 -p tcp --dport 10053 -j ACCEPT",
    "nat SAMPAN-PREROUTING -i br0 -d 127.0.0.11 -p udp --dport 53 -j DNAT --to-destination 172.18.0.1:10053",
    "nat SAMPAN-PREROUTING -i br0 -d 127.0.0.11 -p tcp --dport 53 -j DNAT --to-destination 172.18.0.1:10053",
  ]);
});

test("resolverRules: IPv6 addresses have brackets; with port 53 itself nothing else may lead packets away", () => {
  expect(textOf(instance, 6, [{ bridge: "br0", addresses: ["fd00::1"], port: 10_053 }])[0]).toEndWith(
    "-j DNAT --to-destination [fd00::1]:10053",
  );
  expect(textOf(instance, 6, [{ bridge: "br0", addresses: ["fd00::1"], port: 53 }])[0]).toEndWith(
    "--dport 53 -j ACCEPT",
  );
});

test("resolverStatements: the same for nft", () => {
  const place = { bridge: "br0", addresses: ["172.18.0.1", "fd00::1"], port: 10_053 };
  const { prerouting, input } = resolverStatements([place]);
  expect(prerouting.at(-1)).toBe(
    'iifname "br0" ip daddr 127.0.0.11 tcp dport 53 dnat ip to 172.18.0.1:10053',
  );
  expect([prerouting[0], prerouting[3]]).toEqual([
    'iifname "br0" ip daddr 172.18.0.1 udp dport 53 dnat ip to 172.18.0.1:10053',
    'iifname "br0" ip6 daddr fd00::1 tcp dport 53 dnat ip6 to [fd00::1]:10053',
  ]);
  expect(input[0]).toBe('iifname "br0" ip daddr 172.18.0.1 udp dport 10053 accept');
  expect(resolverStatements([{ ...place, port: 53 }]).prerouting[0]).toEndWith("udp dport 53 accept");
});
