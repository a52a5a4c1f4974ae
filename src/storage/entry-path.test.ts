import { expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import { cleanPath, placeOf } from "./entry-path.ts";

const clean: readonly (readonly [written: string, path: string])[] = [
  ["usr/bin/sh", "usr/bin/sh"],
  ["./usr/bin", "usr/bin"],
  ["/etc/passwd", "etc/passwd"],
  ["///etc//passwd/", "etc/passwd"],
  ["a/./b/../c", "a/c"],
  ["a/..", ""],
  [".", ""],
  ["./", ""],
  ["/", ""],
  ["..a/b..", "..a/b.."],
  [".../x", ".../x"],
];

for (const [written, path] of clean)
  test(`cleanPath: ${written} is ${path === "" ? "the root" : path}`, () => {
    expect(cleanPath(written)).toBe(path);
  });

for (const written of ["..", "../x", "/..", "/../x", "a/../../x", "./..", "a/b/../../../etc/passwd"])
  test(`cleanPath: ${written} is refused`, () => {
    expect(() => cleanPath(written)).toThrow(InvalidParameterError);
  });

test("placeOf: whiteouts delete by name or everything in a folder", () => {
  expect(placeOf("etc/.wh.passwd")).toEqual({
    kind: "whiteout",
    path: "etc/passwd",
    folder: "etc",
    name: "passwd",
  });
  expect(placeOf("./.wh.opt")).toEqual({ kind: "whiteout", path: "opt", folder: "", name: "opt" });
  expect(placeOf("etc/.wh..wh..opq")).toEqual({ kind: "opaque", folder: "etc" });
  expect(placeOf(".wh..wh..opq")).toEqual({ kind: "opaque", folder: "" });
  expect(placeOf(".wh..wh.plnk/1.2")).toMatchObject({ kind: "entry", folder: ".wh..wh.plnk" });
  expect(placeOf(".wh..wh.aufs")).toEqual({ kind: "ignored" });
  expect(placeOf("dir/")).toEqual({ kind: "entry", path: "dir", folder: "", name: "dir" });
});

for (const written of [".wh.", "a/.wh.", ".wh..", ".wh...", "a/.wh...", "../.wh.x"])
  test(`placeOf: ${written} is refused`, () => {
    expect(() => placeOf(written)).toThrow(InvalidParameterError);
  });
