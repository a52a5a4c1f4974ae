import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { realHost, type Host } from "../base/host.ts";
import { silentLog } from "../base/log.ts";
import { NetworkStore } from "./network-record.ts";

let root = "";
const warnings: string[] = [];
const host: Host = realHost({ ...silentLog, warn: (message) => warnings.push(message) });
beforeEach(() => {
  root = mkdtempSync("/tmp/sampan-networks-");
});
afterEach(() => {
  rmSync(root, { recursive: true });
  warnings.length = 0;
});

test("NetworkStore: host and none keep their ids over a restart", () => {
  const store = new NetworkStore(host, root);
  const ids = [store.plain("host").id, store.plain("none").id];
  expect(ids[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(store.plain("none")).toMatchObject({ name: "none", driver: "null" });
  const again = new NetworkStore(host, root);
  expect([again.plain("host").id, again.plain("none").id]).toEqual(ids);
  expect(again.all().length).toBe(2);
});

test("NetworkStore: a record is replaced by one with the same id", () => {
  const store = new NetworkStore(host, root);
  const record = {
    driver: "bridge" as const,
    bridge: "b0",
    ownBridge: true,
    pools: [{ subnet: "10.0.0.0/24", gateway: "10.0.0.1" }],
    mtu: 1500,
    internal: false,
    icc: true,
    masquerade: true,
    hostBinding: "",
  };
  const identity = store.identity("bridge");
  store.put({ ...identity, ...record });
  store.put({ ...identity, ...record, mtu: 1400 });
  expect(new NetworkStore(host, root).all()).toEqual([{ ...identity, ...record, mtu: 1400 }]);
  store.remove(identity.id);
  expect([store.byName("bridge"), new NetworkStore(host, root).all()]).toEqual([undefined, []]);
});

test.each([["{"], ["[]"], ["null"], [""], ['{"id":7}'], ['{"id":"x","name":"x","driver":"bridge"}']])(
  "NetworkStore: the broken record %p is put aside with a warning",
  (text) => {
    new NetworkStore(host, root).plain("host");
    writeFileSync(`${root}/networks/bad.json`, text);
    expect(new NetworkStore(host, root).all().map(({ name }) => name)).toEqual(["host"]);
    expect(warnings).toEqual(["network record put aside"]);
    expect(readdirSync(`${root}/networks`)).toContain("bad.json.broken");
  },
);
