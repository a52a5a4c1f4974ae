import { expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import { SyscallError } from "./errno.ts";
import { check, cString, lastErrno, libc } from "./libc.ts";

test("cString: text and bytes get one NUL at their end", () => {
  expect([...cString("aé")]).toEqual([0x61, 0xc3, 0xa9, 0]);
  expect([...cString(Uint8Array.of(0xff, 0x2f))]).toEqual([0xff, 0x2f, 0]);
});

test("cString: a NUL inside is refused, for it would name another file", () => {
  expect(() => cString("/etc/passwd\0.txt")).toThrow(InvalidParameterError);
  expect(() => cString(Uint8Array.of(0x61, 0, 0x62))).toThrow(InvalidParameterError);
});

test("check: the errno is that of the failing call, many times over", () => {
  const missing = cString("/nothing/here");
  for (let i = 0; i < 20_000; i++) {
    const wantedErrno = i % 2 === 0 ? 2 : 9;
    const result = i % 2 === 0 ? libc.open(missing, 0, 0) : libc.close(-1);
    if (result !== -1 || lastErrno() !== wantedErrno) throw new Error(`round ${i}: errno ${lastErrno()}`);
  }
  expect(() => check(libc.close(-1), "close")).toThrow(new SyscallError("close", 9));
});
