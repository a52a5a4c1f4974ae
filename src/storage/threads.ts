// A few threads that do one kind of work, for what would hold the main one up. The other side is serve-jobs.ts.
import { Worker } from "node:worker_threads";
import { InvalidParameterError, SystemError } from "../base/errors.ts";
import { Limiter } from "../base/limiter.ts";

/** What a thread says of the job that it was given: how far it is, or how it ended. */
export type Report<Result> =
  | { readonly kind: "progress"; readonly value: number }
  | { readonly kind: "done"; readonly result: Result }
  | { readonly kind: "failed"; readonly isInvalid: boolean; readonly message: string };

export type JobOptions = {
  /** Memory that goes over to the thread. */
  readonly moved?: readonly ArrayBuffer[];
  readonly onProgress?: (value: number) => void;
  /** Leaves the queue. A job that has begun is ended by its own means, not by this. */
  readonly signal?: AbortSignal;
};

/** Starting a thread takes some milliseconds; one that waits holds memory. */
const keptMs = 3000;

export class Threads<Job, Result> {
  readonly #file: string;
  readonly #turns: Limiter;
  readonly #idle: Worker[] = [];
  #closing: ReturnType<typeof setTimeout> | undefined;

  /** @param file a file of this folder, which calls `serveJobs`; an entry point of scripts/build.ts. */
  constructor(file: string, most: number) {
    this.#file = file;
    this.#turns = new Limiter(most);
  }

  /** @throws InvalidParameterError or SystemError, as the thread failed. */
  async run(job: Job, { moved = [], onProgress, signal }: JobOptions = {}): Promise<Result> {
    return await this.#turns.run(async () => {
      clearTimeout(this.#closing);
      const worker = this.#idle.pop() ?? startWorker(this.#file);
      try {
        const report = await ask<Result>(worker, job, moved, onProgress);
        this.#idle.push(worker);
        if (report.kind === "done") return report.result;
        throw new (report.isInvalid ? InvalidParameterError : SystemError)(report.message);
      } finally {
        clearTimeout(this.#closing);
        this.#closing = setTimeout(() => this.#closeIdle(), keptMs);
        this.#closing.unref();
      }
    }, signal);
  }

  #closeIdle(): void {
    for (const worker of this.#idle.splice(0)) void worker.terminate();
  }
}

type Ended<Result> = Exclude<Report<Result>, { readonly kind: "progress" }>;

/** @throws SystemError when the thread itself dies: then it is not used again. */
async function ask<Result>(
  worker: Worker,
  job: unknown,
  moved: readonly ArrayBuffer[],
  onProgress?: (value: number) => void,
): Promise<Ended<Result>> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended<Result>>();
  const onMessage = (report: Report<Result>): void =>
    report.kind === "progress" ? onProgress?.(report.value) : resolve(report);
  const onError = (cause: unknown): void => reject(new SystemError("a thread of ours died", { cause }));
  const onExit = (): void => onError(undefined);
  worker.on("message", onMessage).on("error", onError).on("exit", onExit);
  worker.postMessage(job, [...moved]);
  try {
    return await promise;
  } finally {
    worker.off("message", onMessage).off("error", onError).off("exit", onExit);
  }
}

/** The executable holds the files by their paths in the sources. */
function startWorker(file: string): Worker {
  const isCompiled = import.meta.dir.startsWith("/$bunfs");
  const worker = new Worker(isCompiled ? `./src/storage/${file}` : new URL(file, import.meta.url));
  worker.unref();
  return worker;
}
