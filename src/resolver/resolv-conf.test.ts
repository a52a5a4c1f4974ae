import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostResolvConf, hostServersReader, parseResolvConf } from "./resolv-conf.ts";

let folder = "";
beforeAll(() => (folder = mkdtempSync("/tmp/sampan-resolv-conf-")));
afterAll(() => rmSync(folder, { recursive: true }));
const put = (name: string, text: string): string => {
  // As those who write it do: a new file in the place of the old one.
  writeFileSync(`${folder}/new`, text);
  renameSync(`${folder}/new`, `${folder}/${name}`);
  return `${folder}/${name}`;
};

test("parseResolvConf: servers, the last search or domain, all options, no comments", () => {
  expect(
    parseResolvConf(
      "# one\nnameserver 10.0.0.1 # two\n nameserver\tfd00::1\ndomain old.example\nsearch a.example b.example\noptions ndots:2\noptions edns0 trust-ad\nnameserver\n",
    ),
  ).toEqual({
    servers: ["10.0.0.1", "fd00::1"],
    search: ["a.example", "b.example"],
    options: ["ndots:2", "edns0", "trust-ad"],
  });
});

test("hostResolvConf: behind systemd-resolved's stub stand the servers that it asks", () => {
  const stub = put("stub", "nameserver 127.0.0.53\noptions edns0\n");
  const both = put("both", "nameserver 127.0.0.53\nnameserver 10.0.0.1\n");
  const systemd = put("systemd", "nameserver 192.0.2.53\n");
  expect(hostResolvConf(stub, systemd)).toBe("nameserver 192.0.2.53\n");
  expect(hostResolvConf(both, systemd)).toBe("nameserver 127.0.0.53\nnameserver 10.0.0.1\n");
  expect(hostResolvConf(stub, `${folder}/none`)).toBe("nameserver 127.0.0.53\noptions edns0\n");
  expect(hostResolvConf(`${folder}/none`, systemd)).toBe("");
});

test("hostServersReader: a file that changes, comes or goes is read anew", () => {
  const path = put("changing", "nameserver 10.0.0.1\n");
  const servers = hostServersReader(path, `${folder}/none`);
  expect(servers()).toEqual(["10.0.0.1"]);
  expect(servers()).toBe(servers());
  put("changing", "nameserver 10.0.0.2\n");
  expect(servers()).toEqual(["10.0.0.2"]);
  rmSync(path);
  expect(servers()).toEqual([]);
});
