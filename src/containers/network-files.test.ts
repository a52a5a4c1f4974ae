import { expect, test } from "bun:test";
import { extraHosts, hostEntries, hostsFile, ownNames, resolvConf } from "./network-files.ts";

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
  expect(resolvConf("nameserver 127.0.0.53\nnameserver 10.1.1.1\n", nothing, { kind: "isolated" })).toBe(
    "nameserver 10.1.1.1\n",
  );
  expect(resolvConf("nameserver 127.0.0.53\n", nothing, { kind: "isolated" })).toBe(
    "nameserver 8.8.8.8\nnameserver 8.8.4.4\n",
  );
  expect(resolvConf("nameserver 127.0.0.53\n", nothing, { kind: "host" })).toBe("nameserver 127.0.0.53\n");
});

test("resolvConf: what was asked for replaces the host's lines of its kind", () => {
  const host = "nameserver 10.1.1.1\nsearch corp.example\noptions ndots:2\n";
  expect(
    resolvConf(host, { servers: ["1.2.3.4"], search: [], options: ["timeout:1"] }, { kind: "isolated" }),
  ).toBe("nameserver 1.2.3.4\nsearch corp.example\noptions timeout:1\n");
  expect(resolvConf(host, { servers: [], search: ["."], options: [] }, { kind: "isolated" })).toBe(
    "nameserver 10.1.1.1\noptions ndots:2\n",
  );
});

test("resolvConf: a resolver of ours stands for all servers, and sees every name first", () => {
  const place = { kind: "resolver", addresses: ["172.30.0.1", "fd00::1"] } as const;
  const host = "nameserver 10.1.1.1\nsearch corp.example\noptions edns0\n";
  expect(resolvConf(host, { ...nothing, servers: ["1.2.3.4"] }, place)).toBe(
    "nameserver 172.30.0.1\nnameserver fd00::1\nsearch corp.example\noptions edns0 ndots:0\n",
  );
  expect(resolvConf("", { ...nothing, options: ["ndots:3"] }, place)).toEndWith("\noptions ndots:3\n");
});

test("hostEntries: the host's names, unless the user has given them to somebody", () => {
  const names = (...specs: readonly string[]) => hostEntries("172.30.0.1", extraHosts(specs, "172.30.0.1"));
  expect(names()).toEqual([
    { address: "172.30.0.1", names: ["host.docker.internal", "host.sampan.internal"] },
  ]);
  expect(names("host.docker.internal:host-gateway")).toEqual([
    { address: "172.30.0.1", names: ["host.sampan.internal"] },
  ]);
  expect(hostEntries(undefined, [])).toEqual([]);
});
