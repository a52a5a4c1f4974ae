import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Deletions } from "./deletions.ts";

let top = "";
let deletions: Deletions;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "sampan-deletions-"));
  deletions = new Deletions();
});

afterEach(() => rmSync(top, { recursive: true, force: true }));

/** A folder of folders, with a file in each. */
function tree(name: string): string {
  const folder = join(top, name);
  for (const below of ["a/b/c", "a/d", "e"]) {
    mkdirSync(join(folder, below), { recursive: true });
    writeFileSync(join(folder, below, "file"), "x");
  }
  return folder;
}

test("a tree goes whole, whatever its names are, and nothing goes that its links lead to", async () => {
  const folder = tree("gone");
  const kept = tree("kept");
  symlinkSync(kept, join(folder, "a", "link"));
  const odd = Buffer.concat([Buffer.from(`${folder}/a/`), Buffer.from([0xff, 0xfe])]);
  mkdirSync(odd);
  writeFileSync(Buffer.concat([odd, Buffer.from("/file")]), "x");
  // Deeper than a path can name: two halves, one put into the other.
  const half = Array.from({ length: 30 }, () => "x".repeat(90)).join("/");
  for (const name of ["gone", "half"]) mkdirSync(join(top, name, half), { recursive: true });
  renameSync(join(top, "half"), join(folder, half, "half"));
  await deletions.add(folder);
  expect(readdirSync(top)).toEqual(["kept"]);
  expect(readdirSync(kept)).toHaveLength(2);
  expect(deletions.isIdle).toBe(true);
});

test("a file goes, and what is not there is gone already", async () => {
  writeFileSync(join(top, "file"), "x");
  await Promise.all([deletions.add(join(top, "file")), deletions.add(join(top, "nothing"))]);
  expect(readdirSync(top)).toEqual([]);
});

test("nothing goes while somebody is ahead", async () => {
  const first = deletions.giveWay();
  const second = deletions.giveWay();
  const folder = tree("gone");
  const deletion = deletions.add(folder);
  first[Symbol.dispose]();
  await Bun.sleep(30);
  expect(existsSync(join(folder, "a/b/c/file"))).toBe(true);
  second[Symbol.dispose]();
  await deletion;
  expect(existsSync(folder)).toBe(false);
});

test("who waits for the room goes before all others", async () => {
  using _ahead = deletions.giveWay();
  const folder = tree("gone");
  void deletions.add(folder);
  await Bun.sleep(10);
  await deletions.idle();
  expect(existsSync(folder)).toBe(false);
});

test("patience ends", async () => {
  deletions = new Deletions(20);
  using _ahead = deletions.giveWay();
  const folder = tree("gone");
  const startedAt = performance.now();
  await deletions.add(folder);
  expect(performance.now() - startedAt).toBeGreaterThan(19);
  expect(existsSync(folder)).toBe(false);
});

test("what cannot be deleted is told, and the next one goes", async () => {
  const folder = tree("gone");
  const [bad, next] = await Promise.allSettled([deletions.add(`${top}/a\0b`), deletions.add(folder)]);
  expect([bad.status, next.status]).toEqual(["rejected", "fulfilled"]);
  expect(existsSync(folder)).toBe(false);
  await deletions.idle();
});
