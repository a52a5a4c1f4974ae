import { expect, test } from "bun:test";
import { NameTable, type NamedEndpoint } from "./name-table.ts";

const web: NamedEndpoint = {
  containerId: "web-id",
  network: "Front",
  names: ["Web", "c0ffee123456", "www"],
  addresses: ["172.18.0.2", "fd00:0:0::2"],
};
const db: NamedEndpoint = {
  containerId: "db-id",
  network: "Front",
  names: ["db", "store"],
  addresses: ["172.18.0.3"],
};
const dbBehind: NamedEndpoint = { ...db, network: "back", addresses: ["172.19.0.3"] };

const of = (...endpoints: readonly NamedEndpoint[]): NameTable => new NameTable(endpoints);

test("addressesFor: every name in any case, alone and with the network's name behind it", () => {
  const names = of(web, db);
  for (const name of ["web", "c0ffee123456", "www", "web.front"])
    expect([name, names.addressesFor("db-id", name)]).toEqual([name, web.addresses]);
  for (const name of ["we", "web.back", "web.front.front", ".front", "", "front"])
    expect([name, names.addressesFor("db-id", name)]).toEqual([name, undefined]);
});

test("addressesFor: one alias of several containers stands for all their addresses", () => {
  const names = of({ ...web, names: ["web", "app"] }, { ...db, names: ["db", "app"] });
  expect(names.addressesFor("web-id", "app")).toEqual(["172.18.0.2", "fd00:0:0::2", "172.18.0.3"]);
});

test("addressesFor: a container hears of all its networks, the first one first, and of no other", () => {
  const other: NamedEndpoint = {
    ...web,
    containerId: "other-id",
    network: "back",
    addresses: ["172.19.0.9"],
  };
  const names = of(web, db, dbBehind, other);
  expect(names.addressesFor("db-id", "web")).toEqual(web.addresses);
  expect(names.addressesFor("db-id", "web.back")).toEqual(["172.19.0.9"]);
  expect(names.addressesFor("other-id", "db")).toEqual(["172.19.0.3"]);
  expect(names.addressesFor("web-id", "web.back")).toBeUndefined();
  expect(names.addressesFor("stranger", "web")).toBeUndefined();
});

test("addressesFor: a link is a name for one container only, and comes before all others", () => {
  const linking: NamedEndpoint = {
    ...db,
    containerId: "linking",
    names: ["linking"],
    addresses: ["172.18.0.4"],
    links: [{ alias: "DB", containerId: "web-id" }],
  };
  const names = of(web, db, linking);
  expect(names.addressesFor("linking", "db")).toEqual(web.addresses);
  expect(names.addressesFor("web-id", "db")).toEqual(db.addresses);
  // The other one is not there: the name is whose it was.
  expect(of(db, linking).addressesFor("linking", "db")).toEqual(db.addresses);
});

test("nameFor and containerAt: by the address, in whatever form it is written", () => {
  const names = of(web, db, dbBehind);
  expect(names.nameFor("db-id", "172.18.0.2")).toBe("Web.Front");
  expect(names.nameFor("db-id", "fd00::2")).toBe("Web.Front");
  expect(names.nameFor("db-id", "172.19.0.3")).toBe("db.back");
  expect(names.nameFor("web-id", "172.19.0.3")).toBeUndefined();
  expect(names.containerAt("Front", "172.18.0.3")).toBe("db-id");
  expect(names.containerAt("back", "172.18.0.3")).toBeUndefined();
});
