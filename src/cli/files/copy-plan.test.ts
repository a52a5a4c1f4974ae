import { describe, expect, test } from "bun:test";
import { entryName, planCopy, renamed } from "./copy-plan.ts";

const file = { path: "/src/f", isFolder: false };
const folder = { path: "/src/d", isFolder: true };
const contents = { path: "/src/d/.", isFolder: true };
const place = (path: string, exists = false, isFolder = false) => ({ path, exists, isFolder });

describe("planCopy", () => {
  test("into a folder that is there, under its own name", () => {
    expect(planCopy(file, place("/to", true, true))).toEqual({ folder: "/to" });
    expect(planCopy(folder, place("/to/", true, true))).toEqual({ folder: "/to/" });
    expect(planCopy(contents, place("/to", true, true))).toEqual({ folder: "/to" });
  });

  test("under another name", () => {
    expect(planCopy(file, place("/to/g"))).toEqual({ folder: "/to", rename: { from: "f", to: "g" } });
    expect(planCopy(file, place("/to/g", true))).toEqual({ folder: "/to", rename: { from: "f", to: "g" } });
    expect(planCopy(folder, place("/to/e/"))).toEqual({ folder: "/to", rename: { from: "d", to: "e" } });
    expect(planCopy(contents, place("/to/e"))).toEqual({ folder: "/to", rename: { from: ".", to: "e" } });
  });

  test("a folder over a file, and a file into a folder that is not there, are refused", () => {
    expect(() => planCopy(folder, place("/to/g", true))).toThrow("cannot copy directory");
    expect(() => planCopy(file, place("/to/g/"))).toThrow("no such directory");
    expect(() => planCopy(file, place(""))).toThrow("no such directory");
  });
});

test.each([
  ["d", undefined, "d"],
  ["d/x", { from: "d", to: "e" }, "e/x"],
  ["./d/", { from: "d", to: "e" }, "e"],
  ["./", { from: ".", to: "e" }, "e"],
  ["./x/y", { from: ".", to: "e" }, "e/x/y"],
  ["dd/x", { from: "d", to: "e" }, undefined],
])("renamed: %s by %j is %s", (path, rename, expected) => {
  expect(renamed(path, rename)).toBe(expected as never);
});

test.each([
  ["/a/b", "b"],
  ["/a/b/", "b"],
  ["/a/b/.", "."],
  [".", "."],
])("entryName: of %s is %s", (path, expected) => {
  expect(entryName(path)).toBe(expected);
});
