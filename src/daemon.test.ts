import { expect, test } from "bun:test";
import { unsupported } from "./daemon.ts";

const root = { platform: "linux", arch: "x64", getuid: () => 0 } as const;

test("unsupported: what no daemon runs on is said, and why", () => {
  expect(unsupported(root)).toBeUndefined();
  expect(unsupported({ ...root, arch: "arm64" })).toBeUndefined();
  expect(unsupported({ ...root, arch: "riscv64" })).toBe(
    "the architecture riscv64 is not supported: amd64 and arm64 are",
  );
  expect(unsupported({ ...root, platform: "darwin" })).toContain("Linux only");
  expect(unsupported({ ...root, getuid: () => 1000 })).toContain("as root");
});
