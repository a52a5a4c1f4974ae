import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "bun:test";
import { eventually } from "../test/harness/command.ts";
import { ConflictError } from "./base/errors.ts";
import { pidIn, writePidFile } from "./pid-file.ts";

const folder = mkdtempSync(join(tmpdir(), "sampan-pid-"));
const living = Bun.spawn(["sleep", "60"]);
afterAll(() => {
  living.kill();
  rmSync(folder, { recursive: true });
});

function fileWith(text: string): string {
  const path = join(folder, `${Bun.hash(text)}.pid`);
  writeFileSync(path, text);
  return path;
}

test("writePidFile: a process that wrote the file and still runs keeps others out", () => {
  const path = fileWith(`${living.pid}\n`);
  expect(() => writePidFile(path, new Date())).toThrow(ConflictError);
  expect(() => writePidFile(path, new Date())).toThrow(`process ${living.pid}`);
  expect(pidIn(path)).toBe(living.pid);
});

test("writePidFile: a number that another process has got since is nobody's", () => {
  const path = fileWith(`${living.pid} `);
  const before = new Date(Date.now() - 3_600_000);
  utimesSync(path, before, before);
  writePidFile(path, new Date());
  expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
});

test("writePidFile: a process that has ended keeps nobody out, though nobody has asked how it ended yet", async () => {
  const program = "import os, time; pid = os.fork() or os._exit(0); print(pid, flush=True); time.sleep(60)";
  const parent = Bun.spawn(["python3", "-c", program], { stdout: "pipe" });
  try {
    const { value } = await parent.stdout.getReader().read();
    const zombie = Number(Buffer.from(value ?? []).toString());
    await eventually(
      () => /\) Z /.test(readFileSync(`/proc/${zombie}/stat`, "latin1")),
      () => "the end of the child",
    );
    const path = fileWith(`${zombie}  `);
    writePidFile(path, new Date());
    expect(pidIn(path)).toBe(process.pid);
  } finally {
    parent.kill();
  }
});

test.each(["4194999\n", "", "no number", "-1", `${process.pid}`])("writePidFile: %j is stale", (text) => {
  const path = fileWith(text);
  writePidFile(path, new Date());
  expect(pidIn(path)).toBe(process.pid);
});

test("writePidFile: makes the folder", () => {
  const path = join(folder, "deep/er/x.pid");
  writePidFile(path, new Date());
  expect(pidIn(path)).toBe(process.pid);
});
