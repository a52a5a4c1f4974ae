import { expect, test } from "bun:test";
import { closeFd, O_RDONLY, openFile, read, write } from "./file.ts";
import { makeRaw, openPty, restoreTerminal, setWindowSize, windowSize } from "./pty.ts";

function nextBytes(fd: number): string {
  const buffer = new Uint8Array(64);
  return Buffer.from(buffer.subarray(0, read(fd, buffer) ?? 0)).toString();
}

test("openPty: a line discipline stands between the ends until the terminal is made raw", () => {
  const { master, slave } = openPty();
  write(slave, Buffer.from("a\n"));
  expect(nextBytes(master)).toBe("a\r\n");
  const settings = makeRaw(slave);
  write(slave, Buffer.from("a\n"));
  expect(nextBytes(master)).toBe("a\n");
  write(master, Buffer.from("\x03"));
  expect(nextBytes(slave)).toBe("\x03");
  restoreTerminal(slave, settings);
  write(slave, Buffer.from("b\n"));
  expect(nextBytes(master)).toBe("b\r\n");
  closeFd(slave);
  // How the end of a terminal looks to its master.
  expect(() => nextBytes(master)).toThrow("EIO");
  closeFd(master);
});

test("windowSize: what one end sets the other sees", () => {
  const { master, slave } = openPty();
  setWindowSize(master, { rows: 43, columns: 132 });
  expect(windowSize(slave)).toEqual({ rows: 43, columns: 132 });
  closeFd(master);
  closeFd(slave);
});

test("windowSize and makeRaw: a file is no terminal", () => {
  const fd = openFile("/dev/null", O_RDONLY);
  expect(windowSize(fd)).toBeUndefined();
  expect(() => makeRaw(fd)).toThrow("ENOTTY");
  closeFd(fd);
});
