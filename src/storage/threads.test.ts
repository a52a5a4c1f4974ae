import { expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { SystemError } from "../base/errors.ts";
import type { CompressJob } from "./compress-block.ts";
import { ThreadPool, Threads } from "./threads.ts";

const job = (): CompressJob => ({ format: "gzip", block: Buffer.from("hello") });

test("threads: a thread that dies fails its job, and is not used again, whether it worked or waited", async () => {
  const pool = new ThreadPool();
  const threads = new Threads<CompressJob, Uint8Array>(pool, "compress", 2);
  const waiting = pool.take();
  pool.give(waiting);
  await waiting.terminate();
  expect(gunzipSync(await threads.run(job())).toString()).toBe("hello");
  const working = pool.take();
  pool.give(working);
  const failure = threads.run(job()).catch((err: unknown) => err);
  void working.terminate();
  expect(await failure).toBeInstanceOf(SystemError);
  expect((await threads.run(job())).length).toBeGreaterThan(0);
});

test("threads: what a job fails with is an error of its kind", async () => {
  const threads = new Threads<object, unknown>(new ThreadPool(), "unpack", 1);
  expect(await threads.run({}).catch((err: unknown) => err)).toBeInstanceOf(SystemError);
});
