import { expect, test } from "bun:test";
import { errnoName, errnoOf, failedWith, SyscallError } from "./errno.ts";

test("SyscallError: the message names call, path, reason and code", () => {
  const err = new SyscallError("mount", errnoOf("ENODEV"), "/a/b");
  expect(err.message).toBe("mount /a/b: no such device (ENODEV)");
  expect({ syscall: err.syscall, errno: err.errno, code: err.code, path: err.path }).toEqual({
    syscall: "mount",
    errno: 19,
    code: "ENODEV",
    path: "/a/b",
  });
});

test("SyscallError: a path of raw bytes is shown as text", () => {
  expect(new SyscallError("open", errnoOf("ENOENT"), Buffer.from("é")).path).toBe("é");
});

test("SyscallError: a number without a name still says itself", () => {
  expect(errnoName(200)).toBe("E200");
  expect(new SyscallError("read", 200).message).toBe("read: E200");
});

test("failedWith: only the listed codes of a system call", () => {
  const err = new SyscallError("open", errnoOf("ENOENT"), "/x");
  expect(failedWith(err, "EEXIST", "ENOENT")).toBe(true);
  expect(failedWith(err, "EEXIST")).toBe(false);
  expect(failedWith(Object.assign(new Error("x"), { code: "ENOENT", errno: 2 }), "ENOENT")).toBe(false);
});
