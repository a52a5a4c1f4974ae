import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { readLogs, type LogQuery } from "./log-reader.ts";
import { formatStamp } from "./log-stamp.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sampan-log-reader-"));
  path = join(folder, "c-json.log");
});

afterEach(() => rmSync(folder, { recursive: true }));

const everything: LogQuery = { stdout: true, stderr: true, timestamps: false, framed: false };

/** Entry number `n`, written at nanosecond `n`. */
const entry = (n: number): string =>
  `${JSON.stringify({ log: `${n}\n`, stream: "stdout", time: formatStamp({ seconds: 1, nanoseconds: n }) })}\n`;

const entries = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => entry(from + index)).join("");

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join("");

async function read(query: Partial<LogQuery> = {}): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const batch of readLogs(path, { ...everything, ...query }, new AbortController().signal))
    parts.push(batch);
  return Buffer.concat(parts).toString();
}

/** A reader that follows in the background. */
function follow(query: Partial<LogQuery> = {}) {
  const stopped = Promise.withResolvers<void>();
  const abort = new AbortController();
  const seen = { text: "" };
  const logs = readLogs(path, { ...everything, ...query, follow: stopped.promise }, abort.signal);
  const ended = (async () => {
    for await (const batch of logs) seen.text += Buffer.from(batch).toString();
    return seen.text;
  })();
  const until = async (text: string): Promise<void> => {
    for (let i = 0; i < 400 && seen.text !== text; i++) await Bun.sleep(5);
    expect(seen.text).toBe(text);
  };
  return { stop: stopped.resolve, abort, ended, until };
}

test("a log that was never written is empty", async () => {
  expect(await read()).toBe("");
  expect(await read({ tail: 3 })).toBe("");
});

test("files put aside are read first, compressed or not", async () => {
  writeFileSync(`${path}.3.gz`, gzipSync(entries(1, 3)));
  writeFileSync(`${path}.2`, entries(4, 6));
  writeFileSync(`${path}.1.gz`, gzipSync(entries(7, 9)));
  writeFileSync(path, entries(10, 12));
  expect(await read()).toBe(lines(1, 12));
});

test("tail counts entries from the end, across all files", async () => {
  writeFileSync(`${path}.2`, entries(1, 3));
  writeFileSync(`${path}.1.gz`, gzipSync(entries(4, 6)));
  writeFileSync(path, entries(7, 9));
  for (let tail = 0; tail <= 12; tail++)
    expect([tail, await read({ tail })]).toEqual([tail, tail === 0 ? "" : lines(Math.max(1, 10 - tail), 9)]);
});

test("tail goes back over many blocks of a file", async () => {
  writeFileSync(path, entries(1, 20_000));
  for (const tail of [1, 1_000, 5_000, 19_999, 20_000, 30_000])
    expect((await read({ tail })) === lines(Math.max(1, 20_001 - tail), 20_000)).toBe(true);
});

test("a line longer than the reader's buffer comes whole", async () => {
  const long = "x".repeat(700_000);
  writeFileSync(
    path,
    `${JSON.stringify({ log: long, stream: "stdout", time: "2026-01-02T03:04:05Z" })}\n${entry(2)}`,
  );
  expect((await read()) === `${long}2\n`).toBe(true);
});

test("a last line that is not complete is left out", async () => {
  writeFileSync(path, entries(1, 2) + entry(3).slice(0, 20));
  expect(await read()).toBe(lines(1, 2));
  expect(await read({ tail: 1 })).toBe(lines(2, 2));
});

test("since and until choose by time", async () => {
  writeFileSync(`${path}.1`, entries(1, 5));
  writeFileSync(path, entries(6, 9));
  const since = formatStamp({ seconds: 1, nanoseconds: 4 });
  const until = formatStamp({ seconds: 1, nanoseconds: 7 });
  expect(await read({ since, until })).toBe(lines(4, 7));
  expect(await read({ since, tail: 3 })).toBe(lines(7, 9));
});

test("follow shows what is there, then what comes, and ends when the container has stopped", async () => {
  writeFileSync(path, entries(1, 3));
  const reader = follow();
  await reader.until(lines(1, 3));
  appendFileSync(path, entries(4, 5));
  await reader.until(lines(1, 5));
  appendFileSync(path, entries(6, 8));
  reader.stop();
  expect(await reader.ended).toBe(lines(1, 8));
});

test("follow waits for a log that is not there yet", async () => {
  const reader = follow({ tail: 0 });
  await Bun.sleep(20);
  writeFileSync(path, entries(1, 2));
  await reader.until(lines(1, 2));
  reader.stop();
  await reader.ended;
});

test("follow with a tail begins with the last entries", async () => {
  writeFileSync(`${path}.1`, entries(1, 5));
  writeFileSync(path, entries(6, 7));
  const reader = follow({ tail: 3 });
  await reader.until(lines(5, 7));
  appendFileSync(path, entry(8));
  await reader.until(lines(5, 8));
  reader.stop();
  await reader.ended;
});

test("follow goes on through rotations and misses nothing", async () => {
  writeFileSync(path, "");
  const reader = follow();
  let next = 1;
  for (let round = 0; round < 30; round++) {
    for (let at = round; at >= 0; at--)
      try {
        renameSync(at === 0 ? path : `${path}.${at}`, `${path}.${at + 1}`);
      } catch (err) {
        expect((err as NodeJS.ErrnoException).code).toBe("ENOENT");
      }
    writeFileSync(path, "");
    for (let i = 0; i < 20; i++) appendFileSync(path, entry(next++));
    if (round % 3 === 0) await Bun.sleep(3);
  }
  await reader.until(lines(1, next - 1));
  reader.stop();
  await reader.ended;
});

test("follow finds its place by time when the file it had read is compressed meanwhile", async () => {
  writeFileSync(path, entries(1, 3));
  const reader = follow();
  await reader.until(lines(1, 3));
  appendFileSync(path, entry(4));
  writeFileSync(`${path}.1.gz`, gzipSync(entries(1, 4)));
  unlinkSync(path);
  writeFileSync(path, entries(5, 6));
  await reader.until(lines(1, 6));
  reader.stop();
  await reader.ended;
});

test("follow begins again in a file that somebody has emptied", async () => {
  writeFileSync(path, entries(1, 3));
  const reader = follow();
  await reader.until(lines(1, 3));
  truncateSync(path);
  await Bun.sleep(30);
  appendFileSync(path, entry(4));
  await reader.until(lines(1, 4));
  reader.stop();
  await reader.ended;
});

test("an abort ends a follower at once", async () => {
  writeFileSync(path, entries(1, 1));
  const reader = follow();
  await reader.until(lines(1, 1));
  const before = performance.now();
  reader.abort.abort();
  await reader.ended;
  expect(performance.now() - before).toBeLessThan(500);
});

test("follow ends when the time of until has passed", async () => {
  writeFileSync(path, entries(1, 1));
  const reader = follow({ until: formatStamp({ seconds: 2, nanoseconds: 0 }) });
  expect(await reader.ended).toBe(lines(1, 1));
});

test.each([false, true])(
  "what was there at the first, empty piece is read, though the log is removed; follow: %p",
  async (follows) => {
    writeFileSync(`${path}.1`, entries(1, 3));
    writeFileSync(path, entries(4, 6));
    const following = follows ? { follow: Promise.resolve() } : {};
    const logs = readLogs(path, { ...everything, ...following }, new AbortController().signal);
    expect((await logs.next()).value).toHaveLength(0);
    for (const file of [path, `${path}.1`]) unlinkSync(file);
    const parts: Uint8Array[] = [];
    for await (const batch of logs) parts.push(batch);
    expect(Buffer.concat(parts).toString()).toBe(lines(1, 6));
  },
);
