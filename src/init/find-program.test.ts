import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "./find-program.ts";

const folder = mkdtempSync(join(tmpdir(), "sampan-find-program-"));
afterAll(() => rmSync(folder, { recursive: true }));
for (const name of ["first", "second"]) mkdirSync(join(folder, name));
writeFileSync(join(folder, "first/tool"), "", { mode: 0o644 });
writeFileSync(join(folder, "first/plain"), "", { mode: 0o644 });
writeFileSync(join(folder, "second/tool"), "", { mode: 0o755 });
mkdirSync(join(folder, "second/sub"));
const path = `${folder}/first:${folder}/second`;

test("findProgram: the first in PATH that may be executed", () => {
  expect(findProgram("tool", path)).toBe(join(folder, "second/tool"));
  expect(findProgram(`${folder}/second/tool`, "")).toBe(join(folder, "second/tool"));
});

test.each([
  ["nosuch", 127, 'exec: "nosuch": executable file not found in $PATH'],
  ["sub", 127, 'exec: "sub": executable file not found in $PATH'],
  ["plain", 126, 'exec: "plain": permission denied'],
  ["/no/such", 127, 'exec: "/no/such": stat /no/such: no such file or directory'],
  ["/etc", 126, 'exec: "/etc": permission denied'],
])("findProgram: %s is refused with %d", (program, exitCode, message) => {
  expect(findProgram(program, path)).toEqual({ exitCode, message });
});
