import { expect, test } from "bun:test";
import { dnsNames, parseLink } from "./network-names.ts";

test("dnsNames: name, aliases, short id and host name, each once", () => {
  const web = { id: "1".repeat(64), name: "Web", hostname: "www", aliases: ["site"] };
  expect(dnsNames(web)).toEqual(["Web", "site", "1".repeat(12), "www"]);
  expect(dnsNames({ ...web, hostname: "1".repeat(12), aliases: ["Web"] })).toEqual(["Web", "1".repeat(12)]);
});

test.each([
  ["db", "db", "db"],
  ["db:store", "db", "store"],
  ["/db:/web/store", "db", "store"],
])("parseLink: %s", (link, target, alias) => {
  expect(parseLink(link)).toEqual({ target, alias });
});
