// What a thread does (threads.ts): one job after the other.
import { parentPort } from "node:worker_threads";
import { errorText, InvalidParameterError } from "../base/errors.ts";
import { compileAsUsual } from "../base/jit-policy.ts";
import { compressBlock, type CompressJob } from "./compress-block.ts";
import type { UnpackJob } from "./layer-unpackers.ts";
import type { Order, Report } from "./threads.ts";
import { unpackStream, type UnpackStreamJob } from "./stream-unpackers.ts";
import { unpackBlob } from "./unpack-blob.ts";

function report(message: Report<unknown>, moved: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, [...moved]);
}

const placed: SharedArrayBuffer[] = [];

function memoryOf({ memory }: Order): SharedArrayBuffer {
  if (memory?.placed !== undefined) placed[memory.place] = memory.placed;
  const found = memory && placed[memory.place];
  if (found === undefined) throw new Error("a job without the memory that it works on");
  return found;
}

async function serve(order: Order): Promise<void> {
  const { kind, job } = order;
  if (order.memory === undefined) placed.length = 0;
  try {
    if (kind === "compress") {
      const result = compressBlock(job as CompressJob, memoryOf(order));
      report({ kind: "done", result }, typeof result === "number" ? [] : [result.buffer]);
      return;
    }
    const result =
      kind === "unpack-stream"
        ? await unpackStream(job as UnpackStreamJob)
        : await unpackBlob(job as UnpackJob, (value) => report({ kind: "progress", value }));
    report({ kind: "done", result });
    // The next one may be far away.
    Bun.gc(true);
  } catch (err) {
    report({ kind: "failed", isInvalid: err instanceof InvalidParameterError, message: errorText(err) });
  }
}

compileAsUsual();
parentPort?.on("message", (order: Order) => void serve(order));
