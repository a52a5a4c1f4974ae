import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeletedGround, placesOf } from "./deleted-ground.ts";

const top = mkdtempSync(join(tmpdir(), "sampan-ground-"));
afterAll(() => rmSync(top, { recursive: true }));

test("where files are being deleted is not where new ones should be", () => {
  const ground = new DeletedGround();
  expect(ground.isUnder(top)).toBe(false);
  ground.note(placesOf(top));
  expect(ground.isUnder(top)).toBe(true);
});

test("places are those of a folder and of what lies in it, links not followed", () => {
  const folder = join(top, "folder");
  mkdirSync(join(folder, "child"), { recursive: true });
  symlinkSync("/nowhere", join(folder, "link"));
  const placeOf = (path: string): number => Math.floor((statSync(path).ino - 1) / (16 * 8192));
  const places = placesOf(folder);
  expect(places.has(placeOf(folder))).toBe(true);
  expect(places.has(placeOf(join(folder, "child")))).toBe(true);
  expect(placesOf(join(top, "nothing"))).toEqual(new Set());
});
