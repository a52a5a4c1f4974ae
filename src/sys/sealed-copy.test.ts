import { expect, test } from "bun:test";
import { failedWith } from "./errno.ts";
import { closeFd, truncate, write } from "./file.ts";
import { exitOf, waitpid } from "./process.ts";
import { sealedCopy } from "./sealed-copy.ts";
import { posixSpawn } from "./spawn.ts";

test("sealedCopy: runs as the program it was copied from", () => {
  const fd = sealedCopy("/bin/sh", "shell");
  try {
    const pid = posixSpawn({
      path: `/proc/self/fd/${fd}`,
      argv: ["sh", "-c", "exit 7"],
      env: {},
      stdio: ["null", "null", "null"],
    });
    expect(exitOf(waitpid(pid, 0)?.status ?? 0)).toEqual({ exitCode: 7 });
  } finally {
    closeFd(fd);
  }
});

test("sealedCopy: cannot be written to, cut or extended", () => {
  const fd = sealedCopy("/bin/sh", "shell");
  const refused = (change: () => void): boolean => {
    try {
      change();
    } catch (err) {
      return failedWith(err, "EPERM");
    }
    return false;
  };
  try {
    expect(refused(() => write(fd, Uint8Array.of(1)))).toBe(true);
    expect(refused(() => truncate(fd, 0))).toBe(true);
    expect(refused(() => truncate(fd, 2 ** 30))).toBe(true);
  } finally {
    closeFd(fd);
  }
});
