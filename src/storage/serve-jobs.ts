// The thread's side of threads.ts: one job after the other.
import { parentPort } from "node:worker_threads";
import { errorText, InvalidParameterError } from "../base/errors.ts";
import type { Report } from "./threads.ts";

type Served = {
  readonly result: unknown;
  /** Memory that goes over to who asked. */
  readonly moved?: readonly ArrayBuffer[];
};

/** Does `work` for every job that comes. */
export function serveJobs(work: (job: unknown, tell: (progress: number) => void) => Promise<Served>): void {
  const report = (message: Report<unknown>, moved: readonly ArrayBuffer[] = []): void =>
    parentPort?.postMessage(message, [...moved]);
  const serve = async (job: unknown): Promise<void> => {
    try {
      const { result, moved } = await work(job, (value) => report({ kind: "progress", value }));
      report({ kind: "done", result }, moved);
    } catch (err) {
      report({ kind: "failed", isInvalid: err instanceof InvalidParameterError, message: errorText(err) });
    }
  };
  parentPort?.on("message", (job: unknown) => void serve(job));
}
