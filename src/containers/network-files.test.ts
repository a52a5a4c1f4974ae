import { expect, test } from "bun:test";
import { extraHosts, hostsFile, ownNames, resolvConf } from "./network-files.ts";

const nothing = { servers: [], search: [], options: [] };

test("hostsFile: own line comes last, after --add-host", () => {
  const text = hostsFile(extraHosts(["db:10.0.0.9", "gw:host-gateway"], "172.30.0.1"), [
    { address: "172.30.0.2", names: ownNames("web", "example.org") },
  ]);
  expect(text.split("\n").slice(-4)).toEqual([
    "10.0.0.9\tdb",
    "172.30.0.1\tgw",
    "172.30.0.2\tweb.example.org web",
    "",
  ]);
});

test("extraHosts: takes IPv6 addresses with and without brackets, and name=address", () => {
  expect(extraHosts(["six:2001:db8::1", "seven:[2001:db8::2]", "eight=10.0.0.1"], undefined)).toEqual([
    { address: "2001:db8::1", names: ["six"] },
    { address: "2001:db8::2", names: ["seven"] },
    { address: "10.0.0.1", names: ["eight"] },
  ]);
});

test("extraHosts: host-gateway without a gateway is left out", () => {
  expect(extraHosts(["gw:host-gateway"], undefined)).toEqual([]);
});

test("resolvConf: the host's loopback servers do not reach an isolated container", () => {
  expect(resolvConf("nameserver 127.0.0.53\nnameserver 10.1.1.1\n", nothing, true)).toBe(
    "nameserver 10.1.1.1\n",
  );
  expect(resolvConf("nameserver 127.0.0.53\n", nothing, true)).toBe(
    "nameserver 8.8.8.8\nnameserver 8.8.4.4\n",
  );
  expect(resolvConf("nameserver 127.0.0.53\n", nothing, false)).toBe("nameserver 127.0.0.53\n");
});

test("resolvConf: what was asked for replaces the host's lines of its kind", () => {
  const host = "nameserver 10.1.1.1\nsearch corp.example\noptions ndots:2\n";
  expect(resolvConf(host, { servers: ["1.2.3.4"], search: [], options: ["timeout:1"] }, true)).toBe(
    "nameserver 1.2.3.4\nsearch corp.example\noptions timeout:1\n",
  );
  expect(resolvConf(host, { servers: [], search: ["."], options: [] }, true)).toBe(
    "nameserver 10.1.1.1\noptions ndots:2\n",
  );
});
