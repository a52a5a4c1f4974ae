import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "bun:test";
import { SystemError } from "../base/errors.ts";
import { formatDockercfg, parseDockercfg, readDockercfg } from "./dockercfg.ts";

const folder = mkdtempSync(join(tmpdir(), "sampan-dockercfg-"));
afterAll(() => rmSync(folder, { recursive: true }));

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const hub = "https://index.docker.io/v1/";
const ali = { server: hub, username: "ali", password: "open:sesame", email: "ali@cave.example" };

test("parseDockercfg: the two lines of the first form", () => {
  expect(parseDockercfg(`auth = ${base64("ali:open:sesame")}\nemail = ali@cave.example\n`)).toEqual([ali]);
  expect(parseDockercfg(`auth=${base64("ali:x")}`)).toEqual([
    { server: hub, username: "ali", password: "x" },
  ]);
});

test("parseDockercfg: the JSON of the second form, and nothing at all", () => {
  const text = JSON.stringify({ [hub]: { auth: base64("ali:open:sesame"), email: ali.email } });
  expect(parseDockercfg(text)).toEqual([ali]);
  expect(parseDockercfg(" \n")).toEqual([]);
});

test.each(["auth", "email = x", `auth = ${base64("nobody")}`, "{", '{"r":{}}', '{"r":null}'])(
  "parseDockercfg: %j is refused",
  (text) => expect(() => parseDockercfg(text)).toThrow(SyntaxError),
);

test.each([
  ["the one registry of 2013, in two lines", [ali], /^auth = \S+\nemail = ali@cave\.example\n$/],
  ["another one, as JSON", [{ ...ali, server: "r.example" }], /^\{\n\t"r\.example": \{/],
  ["two, as JSON", [ali, { ...ali, server: "r.example" }], /^\{\n\t"https:/],
])("formatDockercfg: %s", (_, entries, form) => {
  const text = formatDockercfg(entries);
  expect(text).toMatch(form);
  expect(parseDockercfg(text)).toEqual(entries);
});

test("readDockercfg: no file holds nothing, a broken one is named", () => {
  expect(readDockercfg(join(folder, "none"))).toEqual([]);
  const path = join(folder, ".dockercfg");
  writeFileSync(path, "what is this");
  expect(() => readDockercfg(path)).toThrow(SystemError);
  expect(() => readDockercfg(path)).toThrow(path);
});
