import { expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SealedRuntimes } from "./sealed-runtime.ts";

test("SealedRuntimes: the same copy while the file is the same, another when it was replaced", () => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-sealed-"));
  const path = join(folder, "runtime");
  try {
    writeFileSync(path, "one");
    chmodSync(path, 0o755);
    const runtimes = new SealedRuntimes();
    const first = runtimes.executable(path);
    expect(readFileSync(first, "utf8")).toBe("one");
    expect(runtimes.executable(path)).toBe(first);
    rmSync(path);
    writeFileSync(path, "another");
    expect(readFileSync(runtimes.executable(path), "utf8")).toBe("another");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("SealedRuntimes: a runtime that is not there is an error that names it", () => {
  expect(() => new SealedRuntimes().executable("/no/such/runtime")).toThrow("/no/such/runtime");
});
