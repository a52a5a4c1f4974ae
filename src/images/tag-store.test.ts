import { afterAll, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realHost } from "../base/host.ts";
import { silentLog } from "../base/log.ts";
import { digestOfHex } from "../spec/digest.ts";
import { familiarString, parseReference, type Reference } from "../spec/reference.ts";
import { TagStore } from "./tag-store.ts";

const top = mkdtempSync(join(tmpdir(), "sampan-tags-"));
afterAll(() => rmSync(top, { recursive: true }));

const warnings: string[] = [];
const host = realHost({ ...silentLog, warn: (message) => warnings.push(message) });
const [a, b] = [digestOfHex("a".repeat(64)), digestOfHex("b".repeat(64))];
let root = "";
let tags: TagStore;

beforeEach(() => {
  root = mkdtempSync(join(top, "root-"));
  tags = new TagStore(host, root);
});

function ref(text: string): Reference {
  const { reference } = parseReference(text);
  if (reference === undefined) throw new Error(text);
  return reference;
}

test("names are kept in the file that the first Docker had, for the owner only", () => {
  tags.set([
    { reference: ref("docker.io/library/busybox:latest"), id: a },
    { reference: ref("localhost:5000/app:v1"), id: b },
    { reference: ref(`busybox@${b}`), id: a },
  ]);
  expect(JSON.parse(readFileSync(join(root, "repositories"), "utf8"))).toEqual({
    Repositories: { busybox: { latest: a }, "localhost:5000/app": { v1: b } },
    Digests: { busybox: { [b]: a } },
  });
  expect(statSync(join(root, "repositories")).mode & 0o777).toBe(0o600);
});

test("what was set is there for the next one who opens it", () => {
  tags.set([{ reference: ref("x:1"), id: a }]);
  expect(new TagStore(host, root).get(ref("x:1"))).toBe(a);
});

test("a digest counts more than a tag, and no tag means nothing here", () => {
  tags.set([
    { reference: ref("x:1"), id: a },
    { reference: ref(`x@${b}`), id: b },
  ]);
  expect(tags.get(ref(`x:1@${b}`))).toBe(b);
  expect(tags.get(ref("x"))).toBeUndefined();
});

test("of: the names of an image, sorted, as they change", () => {
  tags.set(["z:1", "a:2", "a:1"].map((text) => ({ reference: ref(text), id: a })));
  expect(tags.of(a).map(familiarString)).toEqual(["a:1", "a:2", "z:1"]);
  tags.set([{ reference: ref("a:2"), id: b }]);
  tags.delete([ref("z:1"), ref("never:1")]);
  expect(tags.of(a).map(familiarString)).toEqual(["a:1"]);
  expect(tags.of(b).map(familiarString)).toEqual(["a:2"]);
  tags.delete([ref("a:1"), ref("a:2")]);
  expect(tags.all()).toEqual([]);
  expect(JSON.parse(readFileSync(join(root, "repositories"), "utf8"))).toEqual({
    Repositories: {},
    Digests: {},
  });
});

test("a change that cannot be written is none", () => {
  tags.set([{ reference: ref("x:1"), id: a }]);
  // A folder where the new file would be made.
  mkdirSync(join(root, "repositories.tmp"));
  expect(() => tags.set([{ reference: ref("x:1"), id: b }])).toThrow();
  expect(tags.get(ref("x:1"))).toBe(a);
  expect(tags.of(b)).toEqual([]);
});

for (const text of ["{", `{"Repositories":{"x":{"1":"nonsense"}}}`, `{"Repositories":{"x":null}}`])
  test(`a broken file is put aside with a warning: ${text}`, () => {
    writeFileSync(join(root, "repositories"), text);
    expect(new TagStore(host, root).all()).toEqual([]);
    expect(readdirSync(root)[0]).toStartWith("repositories.broken-");
    expect(warnings).toContain("repositories cannot be read and are put aside");
  });
