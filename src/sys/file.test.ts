import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { mkfifo } from "./fifo.ts";
import {
  closeFd,
  duplicate,
  O_CREAT,
  O_EXCL,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  openFile,
  openPipe,
  read,
  readAt,
  setCloseOnExec,
  setNonBlocking,
  setPipeSize,
  tryLock,
  unlock,
  write,
  writeAll,
} from "./file.ts";

const folder = mkdtempSync("/tmp/sampan-sys-file-");
afterAll(() => rmSync(folder, { recursive: true }));

/** Flags as the kernel shows them; O_CLOEXEC is 02000000. */
function flagsOf(fd: number): number {
  return parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "", 8);
}

test("openFile: close-on-exec, with the wanted mode; EEXIST names the path", () => {
  const path = `${folder}/new`;
  const fd = openFile(path, O_CREAT | O_EXCL | O_RDWR, 0o640);
  expect(flagsOf(fd) & 0o2000000).toBe(0o2000000);
  writeAll(fd, Buffer.from("hello"));
  closeFd(fd);
  expect(readFileSync(path, "utf8")).toBe("hello");
  expect(() => openFile(path, O_CREAT | O_EXCL | O_RDWR, 0o640)).toThrow(
    `open ${path}: file already exists (EEXIST)`,
  );
});

test("read and write: move only the bytes of the range, and say end of file and not now apart", () => {
  const { reader, writer } = openPipe(O_NONBLOCK);
  const buffer = new Uint8Array(16).fill(0x2e);
  expect(read(reader, buffer)).toBeUndefined();
  expect(write(writer, Buffer.from("__abc__"), 2, 3)).toBe(3);
  expect(read(reader, buffer, 4, 8)).toBe(3);
  expect(Buffer.from(buffer).toString()).toBe("....abc.........");
  closeFd(writer);
  expect(read(reader, buffer)).toBe(0);
  closeFd(reader);
});

test("write: a full pipe takes a part, then nothing now; a closed one is EPIPE and no signal", () => {
  const { reader, writer } = openPipe(O_NONBLOCK);
  expect(setPipeSize(writer, 4096)).toBe(4096);
  expect(write(writer, new Uint8Array(10_000))).toBe(4096);
  expect(write(writer, new Uint8Array(1))).toBeUndefined();
  closeFd(reader);
  expect(() => write(writer, new Uint8Array(1))).toThrow("EPIPE");
  closeFd(writer);
});

test("read and write: a range outside the buffer never reaches the kernel", () => {
  const { reader, writer } = openPipe();
  for (const [offset, length] of [
    [0, 5],
    [4, 1],
    [-1, 2],
    [2, -1],
    [5, 0],
  ] as const) {
    expect(() => read(reader, new Uint8Array(4), offset, length)).toThrow(RangeError);
    expect(() => write(writer, new Uint8Array(4), offset, length)).toThrow(RangeError);
  }
  expect(write(writer, new Uint8Array(4), 4, 0)).toBe(0);
  expect(write(writer, new Uint8Array(0))).toBe(0);
  closeFd(reader);
  closeFd(writer);
});

test("readAt: reads at a place, the descriptor's position stays", () => {
  writeFileSync(`${folder}/places`, "0123456789");
  const fd = openFile(`${folder}/places`, O_RDONLY);
  const buffer = new Uint8Array(3);
  expect(readAt(fd, buffer, 0, 3, 6)).toBe(3);
  expect(Buffer.from(buffer).toString()).toBe("678");
  expect(readAt(fd, buffer, 0, 3, 10)).toBe(0);
  expect(read(fd, buffer)).toBe(3);
  expect(Buffer.from(buffer).toString()).toBe("012");
  closeFd(fd);
});

test("tryLock: one holder at a time, shared ones together", () => {
  const [first, second] = [0, 1].map(() => openFile(`${folder}/lock`, O_CREAT | O_RDWR, 0o600));
  if (first === undefined || second === undefined) throw new Error("no files");
  expect(tryLock(first)).toBe(true);
  expect(tryLock(second)).toBe(false);
  unlock(first);
  expect(tryLock(first, "shared") && tryLock(second, "shared")).toBe(true);
  expect(tryLock(second)).toBe(false);
  closeFd(first);
  expect(tryLock(second)).toBe(true);
  closeFd(second);
});

test("duplicate: the same open file, numbered from the lowest on, close-on-exec", () => {
  const fd = openFile("/dev/null", O_RDONLY);
  const copy = duplicate(fd, 100);
  expect(copy).toBeGreaterThanOrEqual(100);
  expect(readlinkSync(`/proc/self/fd/${copy}`)).toBe("/dev/null");
  expect(flagsOf(copy) & 0o2000000).toBe(0o2000000);
  setCloseOnExec(copy, false);
  expect(flagsOf(copy) & 0o2000000).toBe(0);
  closeFd(copy);
  closeFd(fd);
});

test("setNonBlocking: on and off leave the other flags alone", () => {
  const fd = openFile("/dev/null", O_WRONLY);
  const before = flagsOf(fd);
  setNonBlocking(fd);
  expect(flagsOf(fd)).toBe(before | O_NONBLOCK);
  setNonBlocking(fd, false);
  expect(flagsOf(fd)).toBe(before);
  closeFd(fd);
});

test("mkfifo: bytes go through, held open read-write the reader sees no end", () => {
  const path = `${folder}/fifo`;
  mkfifo(path, 0o600);
  const holder = openFile(path, O_RDWR);
  const reader = openFile(path, O_RDONLY | O_NONBLOCK);
  const buffer = new Uint8Array(8);
  expect(write(holder, Buffer.from("abc"))).toBe(3);
  expect(read(reader, buffer)).toBe(3);
  expect(read(reader, buffer)).toBeUndefined();
  closeFd(holder);
  expect(read(reader, buffer)).toBe(0);
  closeFd(reader);
  expect(() => mkfifo(path, 0o600)).toThrow("EEXIST");
});

test("closeFd: closing twice is an error", () => {
  const fd = openFile("/dev/null", O_RDONLY);
  closeFd(fd);
  expect(() => closeFd(fd)).toThrow("EBADF");
});
