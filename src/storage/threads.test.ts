import { expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { SystemError } from "../base/errors.ts";
import type { CompressedBlock, CompressJob } from "./compress-block.ts";
import { ThreadPool, Threads } from "./threads.ts";

const openThreads = (pool: ThreadPool, most: number, jobsEach = 1) =>
  new Threads<CompressJob, CompressedBlock>(pool, "compress", { most, jobsEach });

/** A line of text in memory that threads see. */
function line(number: number): Uint8Array {
  const bytes = Buffer.from(`${"line ".repeat(20)}${number}`);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}

async function compressed(threads: ReturnType<typeof openThreads>, bytes: Uint8Array): Promise<Uint8Array> {
  const memory = bytes.buffer as SharedArrayBuffer;
  const size = await threads.run({ format: "gzip", offset: 0, sizeBytes: bytes.length }, { memory });
  return typeof size === "number" ? bytes.slice(0, size) : size;
}

test("threads: a thread that dies fails its jobs, and is not used again, whether it worked or waited", async () => {
  const pool = new ThreadPool();
  const threads = openThreads(pool, 2, 2);
  const waiting = pool.take();
  pool.give(waiting);
  await waiting.end();
  expect(gunzipSync(await compressed(threads, line(1))).toString()).toEndWith(" 1");
  const working = pool.take();
  pool.give(working);
  const failures = [1, 2, 3].map((number) =>
    compressed(threads, line(number)).then(
      () => "done",
      (err: unknown) => (err instanceof SystemError ? err.message : err),
    ),
  );
  void working.end();
  // Two threads: the first has two jobs, the other is a new one.
  expect(await Promise.all(failures)).toEqual(["a thread of ours died", "done", "a thread of ours died"]);
  expect((await compressed(threads, line(4))).length).toBeGreaterThan(0);
});

test("threads: what a job fails with is an error of its kind", async () => {
  const threads = new Threads<object, unknown>(new ThreadPool(), "unpack", { most: 1 });
  expect(await threads.run({}).catch((err: unknown) => err)).toBeInstanceOf(SystemError);
  expect(
    await openThreads(new ThreadPool(), 1)
      .run({ format: "gzip", offset: 0, sizeBytes: 1 })
      .catch((err: unknown) => err),
  ).toBeInstanceOf(SystemError);
});

test("threads: each answer goes to whoever asked for it, of whatever memory, with more than one thread holds", async () => {
  const threads = openThreads(new ThreadPool(), 2, 4);
  const numbers = Array.from({ length: 40 }, (_, at) => at);
  for (let round = 0; round < 2; round++) {
    const lines = numbers.map(line);
    const packed = await Promise.all(lines.map((bytes) => compressed(threads, bytes)));
    expect(packed.map((bytes) => Number(gunzipSync(bytes).toString().split(" ").at(-1)))).toEqual(numbers);
  }
});
