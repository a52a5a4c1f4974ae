import { afterAll, beforeAll, expect, test } from "bun:test";
import { lstatSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { fchown, fchownat, makeDevice, mknodat } from "../../src/sys/directory-entry.ts";
import { closeFd, O_DIRECTORY, O_PATH, O_RDWR, openFile } from "../../src/sys/file.ts";
import {
  fgetxattr,
  flistxattr,
  fsetxattr,
  lgetxattr,
  llistxattr,
  lremovexattr,
  lsetxattr,
} from "../../src/sys/xattr.ts";
import { look } from "./other-eyes.ts";

const path = mkdtempSync("/tmp/sampan-sys-attributes-");
let folder = -1;
beforeAll(() => {
  folder = openFile(path, O_PATH | O_DIRECTORY);
});
afterAll(() => {
  closeFd(folder);
  rmSync(path, { recursive: true });
});

test("xattr: getfattr reads what was set, of a file and of a link itself", () => {
  writeFileSync(`${path}/file`, "x");
  symlinkSync("file", `${path}/link`);
  lsetxattr(`${path}/file`, "trusted.sampan", Buffer.from("of the file"));
  lsetxattr(`${path}/link`, "trusted.sampan", Buffer.from("of the link"));
  const seen = (name: string) =>
    look("getfattr", "-h", "--only-values", "--absolute-names", "-n", "trusted.sampan", `${path}/${name}`);
  expect([seen("file"), seen("link")]).toEqual(["of the file", "of the link"]);
  expect(Buffer.from(lgetxattr(`${path}/link`, "trusted.sampan") ?? []).toString()).toBe("of the link");
});

test("xattr: long values, empty ones, and those that are not there", () => {
  const file = `${path}/values`;
  writeFileSync(file, "x");
  const long = new Uint8Array(1500).fill(0xab);
  lsetxattr(file, "user.long", long);
  lsetxattr(file, "user.empty", new Uint8Array(0));
  expect(lgetxattr(file, "user.long")).toEqual(long);
  expect(lgetxattr(file, "user.empty")).toEqual(new Uint8Array(0));
  expect(lgetxattr(file, "user.none")).toBeUndefined();
  expect(llistxattr(file).sort()).toEqual(["user.empty", "user.long"]);
  lremovexattr(file, "user.long");
  lremovexattr(file, "user.long");
  expect(llistxattr(file)).toEqual(["user.empty"]);
  expect(() => lgetxattr(`${path}/none`, "user.x")).toThrow("ENOENT");
  // A file system that keeps none has none.
  expect(lgetxattr("/proc/self/status", "user.none")).toBeUndefined();
  expect(llistxattr("/proc/self/status")).toEqual([]);
});

test("xattr: by descriptor, and through the folder's descriptor for a link", () => {
  const fd = openFile(`${path}/values`, O_RDWR);
  fsetxattr(fd, "user.fd", Buffer.from("1"));
  expect(fgetxattr(fd, "user.fd")).toEqual(new Uint8Array([0x31]));
  expect(flistxattr(fd)).toContain("user.fd");
  closeFd(fd);
  symlinkSync("values", `${path}/values-link`);
  lsetxattr(`/proc/self/fd/${folder}/values-link`, "trusted.x", Buffer.from("l"));
  expect(lgetxattr(`${path}/values`, "trusted.x")).toBeUndefined();
  expect(lgetxattr(`${path}/values-link`, "trusted.x")).toEqual(new Uint8Array([0x6c]));
});

test("fchownat: a link's own owner; -1 leaves one alone", () => {
  writeFileSync(`${path}/owned`, "x");
  symlinkSync("owned", `${path}/owned-link`);
  fchownat(folder, "owned-link", 1234, 5678);
  fchownat(folder, "owned", 4_000_000_000, -1);
  const link = lstatSync(`${path}/owned-link`);
  const file = statSync(`${path}/owned`);
  expect([link.uid, link.gid, file.uid, file.gid]).toEqual([1234, 5678, 4_000_000_000, 0]);
  const fd = openFile(`${path}/owned`, O_RDWR);
  fchown(fd, -1, 7);
  closeFd(fd);
  expect(statSync(`${path}/owned`).gid).toBe(7);
});

test.each([
  ["null", 0o020666, 1, 3, "character special file 1,3"],
  ["whiteout", 0o020000, 0, 0, "character special file 0,0"],
  ["disk", 0o060660, 259, 70_000, "block special file 259,70000"],
])("mknodat: the device %s is what stat(1) sees", (name, mode, major, minor, seen) => {
  mknodat(folder, name, mode, makeDevice(major, minor));
  expect(look("stat", "-c", "%F %Hr,%Lr", `${path}/${name}`).trim()).toBe(seen);
});
