// What a thread does (threads.ts): one job after the other.
import { parentPort } from "node:worker_threads";
import { errorText, InvalidParameterError } from "../base/errors.ts";
import { compileAsUsual } from "../base/jit-policy.ts";
import { compressBlock, type CompressJob } from "./compress-block.ts";
import type { UnpackJob } from "./layer-unpackers.ts";
import type { Order, Report } from "./threads.ts";
import { unpackBlob } from "./unpack-blob.ts";

function report(message: Report<unknown>, moved: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, [...moved]);
}

async function serve({ kind, job }: Order): Promise<void> {
  try {
    if (kind === "compress") {
      const result = compressBlock(job as CompressJob);
      report({ kind: "done", result }, [result.buffer]);
      return;
    }
    const result = await unpackBlob(job as UnpackJob, (value) => report({ kind: "progress", value }));
    report({ kind: "done", result });
    // The next one may be far away.
    Bun.gc(true);
  } catch (err) {
    report({ kind: "failed", isInvalid: err instanceof InvalidParameterError, message: errorText(err) });
  }
}

compileAsUsual();
parentPort?.on("message", (order: Order) => void serve(order));
