import { afterAll, beforeAll, expect, test } from "bun:test";
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import {
  AT_EMPTY_PATH,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  fchmod,
  fchmodat,
  futimens,
  linkat,
  makeDevice,
  mkdirat,
  mknodat,
  readlinkat,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  renameat2,
  statAt,
  symlinkat,
  unlinkat,
  utimensat,
} from "./directory-entry.ts";
import { closeFd, O_DIRECTORY, O_PATH, O_RDWR, openFile } from "./file.ts";

const path = mkdtempSync("/tmp/sampan-sys-entry-");
let folder = -1;
beforeAll(() => {
  folder = openFile(path, O_PATH | O_DIRECTORY);
});
afterAll(() => {
  closeFd(folder);
  rmSync(path, { recursive: true });
});

test("mkdirat, symlinkat, linkat, mknodat, unlinkat: entries of the open folder come and go", () => {
  mkdirat(folder, "sub", 0o711);
  expect(statSync(`${path}/sub`).mode & 0o7777).toBe(0o711);
  symlinkat("/elsewhere/é", folder, "link");
  expect(readlinkSync(`${path}/link`)).toBe("/elsewhere/é");
  expect(Buffer.from(readlinkat(folder, "link")).toString()).toBe("/elsewhere/é");
  mknodat(folder, "pipe", 0o010644, 0n);
  expect(statSync(`${path}/pipe`).isFIFO()).toBe(true);
  writeFileSync(`${path}/file`, "x");
  linkat(folder, "file", folder, "second");
  expect(statSync(`${path}/file`).nlink).toBe(2);
  unlinkat(folder, "second");
  expect(statSync(`${path}/file`).nlink).toBe(1);
  expect(() => unlinkat(folder, "sub")).toThrow("EISDIR");
  unlinkat(folder, "sub", AT_REMOVEDIR);
  expect(statAt(folder, "sub")).toBeUndefined();
});

test("names that are not UTF-8 stay as they are", () => {
  const name = Uint8Array.of(0x66, 0xff, 0xfe);
  mkdirat(folder, name, 0o755);
  expect(lstatSync(Buffer.concat([Buffer.from(`${path}/`), name])).isDirectory()).toBe(true);
  unlinkat(folder, name, AT_REMOVEDIR);
});

test("linkat: an open file gets a name through its descriptor", () => {
  writeFileSync(`${path}/opened`, "by descriptor");
  const fd = openFile(`${path}/opened`, O_PATH);
  linkat(-100, `/proc/self/fd/${fd}`, folder, "named", AT_SYMLINK_FOLLOW);
  expect(readFileSync(`${path}/named`, "utf8")).toBe("by descriptor");
  closeFd(fd);
});

test("renameat2: refuses to replace, or exchanges", () => {
  writeFileSync(`${path}/a`, "A");
  writeFileSync(`${path}/b`, "B");
  expect(() => renameat2(folder, "a", folder, "b", RENAME_NOREPLACE)).toThrow("EEXIST");
  renameat2(folder, "a", folder, "b", RENAME_EXCHANGE);
  expect([readFileSync(`${path}/a`, "utf8"), readFileSync(`${path}/b`, "utf8")]).toEqual(["B", "A"]);
  renameat2(folder, "a", folder, "b");
  expect(readFileSync(`${path}/b`, "utf8")).toBe("B");
});

test("modes and times: to the nanosecond, before 1970 too, of a link itself", () => {
  writeFileSync(`${path}/timed`, "x");
  fchmodat(folder, "timed", 0o4755);
  utimensat(folder, "timed", 1_500_000_000_123_456_789n, -1n);
  const status = statAt(folder, "timed");
  expect(status).toMatchObject({
    mode: 0o104755,
    sizeBytes: 1,
    nlink: 1,
    accessedNs: 1_500_000_000_123_456_789n,
    modifiedNs: -1n,
  });
  const fd = openFile(`${path}/timed`, O_RDWR);
  fchmod(fd, 0o600);
  futimens(fd, 1n, 2n);
  expect(statAt(fd, "", AT_EMPTY_PATH)).toMatchObject({ mode: 0o100600, accessedNs: 1n, modifiedNs: 2n });
  closeFd(fd);
  symlinkat("timed", folder, "timed-link");
  utimensat(folder, "timed-link", 5n, 6n);
  expect(lstatSync(`${path}/timed-link`, { bigint: true }).mtimeNs).toBe(6n);
  expect(statAt(folder, "timed")?.modifiedNs).toBe(2n);
});

test("statAt: agrees with the C library's own stat", () => {
  const own = statAt(folder, "timed");
  const other = lstatSync(`${path}/timed`, { bigint: true });
  expect([own?.inode, BigInt(own?.uid ?? -1), BigInt(own?.gid ?? -1), own?.changedNs]).toEqual([
    other.ino,
    other.uid,
    other.gid,
    other.ctimeNs,
  ]);
  expect(statAt(-100, "/dev/null")).toMatchObject({ mode: 0o020666, deviceMajor: 1, deviceMinor: 3 });
});

test.each([
  [1, 3, 0x103n],
  [8, 0, 0x800n],
  [0xfff, 0xff, 0xfffffn],
  [0x1000, 0, 0x1000_0000_0000n],
  [10, 0x12345, 0x1230_0a45n],
])("makeDevice(%d, %d)", (major, minor, expected) => {
  expect(makeDevice(major, minor)).toBe(expected);
});
