import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Log, LogFields } from "../base/log.ts";
import { silentLog } from "../base/log.ts";
import type { LogSpec } from "../runtime/monitor-protocol.ts";
import { LogFile, type Compress } from "./log-file.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sampan-log-file-"));
  path = join(folder, "c.log");
});

afterEach(() => rmSync(folder, { recursive: true }));

const noCompression: Compress = () => {
  throw new Error("nothing to compress");
};

/** Compresses at once. */
const atOnce: Compress = (source, target, done) => {
  writeFileSync(target, gzipSync(readFileSync(source)));
  done(true);
};

const open = (spec: Partial<LogSpec> = {}, compress = noCompression, log: Log = silentLog): LogFile =>
  new LogFile({ path, maxSizeBytes: 0, maxFiles: 1, compress: false, ...spec }, log, compress);

/** Entries of ten bytes each. */
const entries = (from: number, to: number): Buffer =>
  Buffer.from(
    Array.from({ length: to - from + 1 }, (_, i) => `entry${String(from + i).padStart(4, "0")}\n`).join(""),
  );

function append(file: LogFile, bytes: Uint8Array): void {
  file.append(bytes, bytes.length);
}

/** All files of the log with their content, compressed or not. */
function contents(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .toSorted()
      .map((name) => {
        const bytes = readFileSync(join(folder, name));
        return [name, (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString()];
      }),
  );
}

test("entries are appended to what is there", () => {
  writeFileSync(path, entries(1, 1));
  const file = open();
  append(file, entries(2, 3));
  append(file, entries(4, 4));
  file.close();
  expect(contents()).toEqual({ "c.log": entries(1, 4).toString() });
});

test("only the given length counts", () => {
  const file = open();
  file.append(entries(1, 5), 20);
  expect(contents()).toEqual({ "c.log": entries(1, 2).toString() });
  file.close();
});

test("half an entry at the end, left by a crash, is taken away", () => {
  writeFileSync(path, Buffer.concat([entries(1, 3), Buffer.from("entr")]));
  const file = open();
  append(file, entries(4, 4));
  expect(contents()).toEqual({ "c.log": entries(1, 4).toString() });
  file.close();
});

test("the entry that reaches the size is the last of its file, as Docker's", () => {
  const file = open({ maxSizeBytes: 25, maxFiles: 4 });
  append(file, entries(1, 8));
  expect(contents()).toEqual({
    "c.log": entries(7, 8).toString(),
    "c.log.1": entries(4, 6).toString(),
    "c.log.2": entries(1, 3).toString(),
  });
  append(file, entries(9, 9));
  append(file, entries(10, 10));
  expect(contents()).toEqual({
    "c.log": entries(10, 10).toString(),
    "c.log.1": entries(7, 9).toString(),
    "c.log.2": entries(4, 6).toString(),
    "c.log.3": entries(1, 3).toString(),
  });
  file.close();
});

test("no more files are kept than asked for", () => {
  const file = open({ maxSizeBytes: 10, maxFiles: 3 });
  append(file, entries(1, 9));
  file.close();
  expect(contents()).toEqual({
    "c.log": entries(9, 9).toString(),
    "c.log.1": entries(8, 8).toString(),
    "c.log.2": entries(7, 7).toString(),
  });
});

test("with one file to keep it begins anew, in a new file for the sake of its readers", () => {
  const file = open({ maxSizeBytes: 20, maxFiles: 1 });
  append(file, entries(1, 5));
  file.close();
  expect(contents()).toEqual({ "c.log": entries(5, 5).toString() });
});

test("the size counts what an earlier monitor wrote", () => {
  writeFileSync(path, entries(1, 3));
  const file = open({ maxSizeBytes: 30, maxFiles: 2 });
  append(file, entries(4, 4));
  file.close();
  expect(Object.keys(contents())).toEqual(["c.log", "c.log.1"]);
});

test("files put aside are compressed", () => {
  const file = open({ maxSizeBytes: 10, maxFiles: 3, compress: true }, atOnce);
  append(file, entries(1, 4));
  file.close();
  expect(contents()).toEqual({
    "c.log": entries(4, 4).toString(),
    "c.log.1.gz": entries(3, 3).toString(),
    "c.log.2.gz": entries(2, 2).toString(),
  });
});

test("a compression that is overtaken by rotations ends under the right name", () => {
  const jobs: (() => void)[] = [];
  const later: Compress = (source, target, done) => {
    const bytes = readFileSync(source); // the other process has the file open, whatever its name becomes
    jobs.push(() => {
      writeFileSync(target, gzipSync(bytes));
      done(true);
    });
  };
  const file = open({ maxSizeBytes: 10, maxFiles: 4, compress: true }, later);
  append(file, entries(1, 4)); // 1 is being compressed, and is number 3 by now
  expect(jobs).toHaveLength(1);
  jobs.shift()?.();
  expect(contents()).toMatchObject({
    "c.log.3.gz": entries(1, 1).toString(),
    "c.log.2": entries(2, 2).toString(),
  });
  while (jobs.length > 0) jobs.shift()?.();
  expect(Object.keys(contents())).toEqual(["c.log", "c.log.1.gz", "c.log.2.gz", "c.log.3.gz"]);
  file.close();
});

test("a compression whose file is too old by the time it ends makes way for the next", () => {
  const jobs: (() => void)[] = [];
  const later: Compress = (source, target, done) => {
    const bytes = readFileSync(source);
    jobs.push(() => {
      writeFileSync(target, gzipSync(bytes));
      done(true);
    });
  };
  const file = open({ maxSizeBytes: 10, maxFiles: 2, compress: true }, later);
  append(file, entries(1, 5));
  jobs.shift()?.();
  expect(Object.keys(contents())).toEqual(["c.log", "c.log.1"]);
  jobs.shift()?.();
  expect(contents()).toEqual({ "c.log": entries(5, 5).toString(), "c.log.1.gz": entries(4, 4).toString() });
  file.close();
});

test("a compression that fails leaves the file as it was", () => {
  const failing: Compress = (_source, target, done) => {
    writeFileSync(target, "half");
    done(false);
  };
  const file = open({ maxSizeBytes: 10, maxFiles: 3, compress: true }, failing);
  append(file, entries(1, 2));
  file.close();
  expect(contents()).toEqual({ "c.log": entries(2, 2).toString(), "c.log.1": entries(1, 1).toString() });
});

test("a full disk drops output, counts it, and says so once", () => {
  const warnings: LogFields[] = [];
  const log: Log = { ...silentLog, warn: (message, fields) => warnings.push({ message, ...fields }) };
  const file = open({ path: "/dev/full" }, noCompression, log);
  append(file, entries(1, 3));
  append(file, entries(4, 4));
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatchObject({ message: "log cannot be written, output dropped", path: "/dev/full" });
  file.close();
  expect(warnings[1]).toMatchObject({ message: "log is not complete", droppedBytes: 40 });
});

test("a log that cannot be opened is tried again with every write", () => {
  const file = open({ path: join(folder, "later", "c.log") });
  append(file, entries(1, 1));
  mkdirSync(join(folder, "later"));
  append(file, entries(2, 2));
  file.close();
  expect(readFileSync(join(folder, "later", "c.log"), "utf8")).toBe(entries(2, 2).toString());
});

test("a log that somebody has emptied goes on from there", () => {
  const file = open();
  append(file, entries(1, 3));
  truncateSync(path);
  append(file, entries(4, 4));
  expect(contents()).toEqual({ "c.log": entries(4, 4).toString() });
  file.close();
});

test("what a compression of a dead monitor left is removed", () => {
  appendFileSync(`${path}.gz.tmp`, "half");
  open().close();
  expect(existsSync(`${path}.gz.tmp`)).toBe(false);
});
