import { expect, test } from "bun:test";
import { leasedAddresses } from "./foreign-leases.ts";
import { formatAddress } from "./subnet.ts";

test("leasedAddresses: those that hold, without what is IPv6 or no lease", () => {
  const text = `1000 00:16:3e:11:22:33 10.0.3.17 old *
3000 00:16:3e:11:22:34 10.0.3.18 web 01:00:16:3e:11:22:34
0 00:16:3e:11:22:35 10.0.3.19 * *
duid 00:01:00:01:2a
3000 12345 fd00::5 web 00:01

`;
  const leased = [...leasedAddresses(text, 2_000_000)].map((value) => formatAddress({ family: 4, value }));
  expect(leased).toEqual(["10.0.3.18", "10.0.3.19"]);
});
