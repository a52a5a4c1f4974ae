import { afterAll, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { InvalidParameterError, NotFoundError, SystemError } from "../base/errors.ts";
import { closeFd } from "../sys/file.ts";
import { openSubpath } from "./volume-subpath.ts";

const folder = mkdtempSync("/tmp/sampan-subpath-");
const volume = `${folder}/_data`;
mkdirSync(`${volume}/a/b`, { recursive: true });
writeFileSync(`${volume}/a/file`, "");
symlinkSync("a/b", `${volume}/link`);
symlinkSync("/etc", `${volume}/absolute`);
symlinkSync("loop", `${volume}/loop`);
afterAll(() => rmSync(folder, { recursive: true }));

const placeOf = (fd: number): string => readlinkSync(`/proc/self/fd/${fd}`);

test.each([
  ["a/b", "/a/b"],
  ["a/file", "/a/file"],
  ["a//./b/", "/a/b"],
  ["nowhere/../a", "/a"],
  [".", ""],
  ["a/..", ""],
  ["link", "/a/b"],
])("openSubpath: %s is the volume's %s", (subpath, place) => {
  const fd = openSubpath(volume, subpath);
  expect(placeOf(fd)).toBe(`${volume}${place}`);
  closeFd(fd);
});

test.each([
  [
    "absolute",
    new InvalidParameterError(
      `path concatenation escapes the base directory, base: ${volume}, subpath: absolute`,
    ),
  ],
  ["a/none", new NotFoundError(`cannot access path ${volume}/a/none: no such file or directory`)],
  ["a/file/x", new SystemError(`cannot access path ${volume}/a/file/x`)],
  ["loop", new SystemError(`cannot access path ${volume}/loop`)],
])("openSubpath: %s is refused", (subpath, error) => {
  expect(() => openSubpath(volume, subpath)).toThrow(error);
});

test("openSubpath: what was opened stays what it is when a link takes its place", () => {
  mkdirSync(`${volume}/swapped`);
  const fd = openSubpath(volume, "swapped");
  renameSync(`${volume}/swapped`, `${volume}/away`);
  symlinkSync("/etc", `${volume}/swapped`);
  expect(placeOf(fd)).toBe(`${volume}/away`);
  closeFd(fd);
  expect(() => openSubpath(volume, "swapped")).toThrow("escapes the base directory");
});
